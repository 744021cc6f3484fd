/**
 * How large a prompt is, measured without reading it. Encoded media are as long as they are large and cost tokens by their pixels or seconds,
 * not by their characters: pictures and files are counted, sounds are measured, and neither counts as text.
 */
import type { PromptSize } from '../index.ts'

/** Before the base64 of a data URL. */
const marker = Buffer.from(';base64,')
const quote = 0x22
const colon = 0x3a
/** Fewer bytes than this are text about media, not a medium. */
const mediumBytesMin = 256
/** A medium without a marker is found when it is as long as this: the body is looked at in steps of so many bytes. */
const stepBytes = 2_048
/** At each step and at both ends of what may be a medium, so many bytes must be base64. */
const probeBytes = 64

/** Members whose text is a medium when it is base64: `input_audio.data`, the `result` of an image call that is given back, and so on. */
const mediaKeys: ReadonlySet<string> = new Set([
  'data',
  'result',
  'b64_json',
  'partial_image_b64',
  'file_data',
  'image',
  'mask',
  'image_url',
  'url',
  'audio',
])
const keyBytesMax = 32

/** @param stored Objects that the body refers to. */
export function promptSizeOf(body: Buffer, stored: number): PromptSize {
  const size = { textBytes: body.length, media: 0, soundTokens: 0, stored }
  if (body.length < mediumBytesMin) return size
  let at = body.indexOf(marker)
  while (at !== -1) {
    const start = at + marker.length
    const end = endOfText(body, start)
    if (end - start >= mediumBytesMin) addMedium(size, body, start, end)
    at = body.indexOf(marker, end)
  }
  if (body.length >= 2 * stepBytes) addUnmarked(size, body)
  return size
}

/** Media that come without `;base64,` before them. */
function addUnmarked(size: { -readonly [Field in keyof PromptSize]: PromptSize[Field] }, body: Buffer): void {
  for (let at = stepBytes; at < body.length; at += stepBytes) {
    if (!isBase64(body, at, Math.min(body.length, at + probeBytes))) continue
    const start = body.lastIndexOf(quote, at) + 1
    const end = endOfText(body, at)
    if (isMedium(body, start, end)) addMedium(size, body, start, end)
    // The rest of this text is of the same kind.
    at = Math.max(at, end - stepBytes)
  }
}

function isMedium(body: Buffer, start: number, end: number): boolean {
  if (start === 0 || end - start < mediumBytesMin) return false
  if (!isBase64(body, start, start + probeBytes) || !isBase64(body, end - probeBytes, end)) return false
  // What stands behind a marker has been counted.
  return mediaKeys.has(keyBefore(body, start - 1)) && !body.subarray(start, end).includes(marker)
}

/** Key of the member whose text begins with the quotation mark at `at`; empty for an entry of a list. */
function keyBefore(body: Buffer, at: number): string {
  let end = at - 1
  while (end > 0 && isSpace(body[end])) end -= 1
  if (body[end] !== colon) return ''
  end -= 1
  while (end > 0 && isSpace(body[end])) end -= 1
  if (body[end] !== quote) return ''
  const start = body.lastIndexOf(quote, end - 1)
  return start === -1 || end - start > keyBytesMax ? '' : body.toString('latin1', start + 1, end)
}

function addMedium(
  size: { -readonly [Field in keyof PromptSize]: PromptSize[Field] },
  body: Buffer,
  start: number,
  end: number,
): void {
  size.textBytes -= end - start
  const seconds = soundSeconds(body, start, end)
  if (seconds === null) size.media += 1
  else size.soundTokens += Math.ceil(seconds * soundTokensPerSecond)
}

/** What public reports of chat with sound come to. */
const soundTokensPerSecond = 10
/** Speech is compressed to 64 kbit/s or so; a file that is more so is shorter than it is taken to be. */
const compressedBytesPerSecond = 8_000
/** The base64 of an MP3 (with ID3, or a frame's sync word), Ogg, FLAC. */
const compressedSound = /^(?:SUQz|\/\/[I-Po-v]|T2dn|ZkxhQ)/
/** RIFF header with format chunk. */
const wavHeadBytes = 44

/** Length of a sound by its size and, of a WAV, by the speed that its header gives; null for what is no sound. */
function soundSeconds(body: Buffer, start: number, end: number): number | null {
  const begin = body.toString('latin1', start, start + 8)
  const bytes = ((end - start) * 3) / 4
  if (compressedSound.test(begin)) return bytes / compressedBytesPerSecond
  if (!begin.startsWith('UklGR')) return null
  const head = Buffer.from(body.toString('latin1', start, start + 80), 'base64')
  if (head.length < wavHeadBytes || head.toString('latin1', 8, 12) !== 'WAVE') return null
  const bytesPerSecond = head.readUInt32LE(28)
  // A speed that no sound has must not make it weigh nothing.
  const believed = bytesPerSecond >= 1_000 && bytesPerSecond <= 1_000_000 ? bytesPerSecond : compressedBytesPerSecond
  return bytes / believed
}

function endOfText(body: Buffer, from: number): number {
  const end = body.indexOf(quote, from)
  return end === -1 ? body.length : end
}

function isBase64(body: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (!base64[body[at] as number]) return false
  return true
}

/** Letters of both alphabets, padding, and the backslash of an escaped slash. */
const base64: readonly boolean[] = Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/=_\\-]/.test(String.fromCharCode(byte)),
)

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
