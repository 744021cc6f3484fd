/**
 * Size of a prompt, measured without parsing it. Encoded media cost tokens by their pixels or seconds, not by their
 * characters. So pictures and files are counted, sounds are measured, and neither counts as text.
 */
import type { PromptSize } from '../index.ts'

/** Comes before the base64 of a data URL. */
const marker = Buffer.from(';base64,')
const quote = 0x22
const colon = 0x3a
/** Shorter base64 is text about media, not a medium. */
const mediumBytesMin = 256
/** The body is sampled in steps of this length, so a medium without a marker is found when it is at least this long. */
const stepBytes = 2_048
/** At each sample, and at both ends of a possible medium, this many bytes must be base64. */
const probeBytes = 64

/**
 * Members whose text is a medium when it is base64: `input_audio.data`, the `result` of an earlier image call, and so
 * on.
 */
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

/** @param stored Number of stored objects that the body refers to. */
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

/** Adds media without `;base64,` before them. */
function addUnmarked(size: { -readonly [Field in keyof PromptSize]: PromptSize[Field] }, body: Buffer): void {
  for (let at = stepBytes; at < body.length; at += stepBytes) {
    if (!isBase64(body, at, Math.min(body.length, at + probeBytes))) continue
    const start = body.lastIndexOf(quote, at) + 1
    const end = endOfText(body, at)
    if (isMedium(body, start, end)) addMedium(size, body, start, end)
    // The rest of this text needs no more samples.
    at = Math.max(at, end - stepBytes)
  }
}

function isMedium(body: Buffer, start: number, end: number): boolean {
  if (start === 0 || end - start < mediumBytesMin) return false
  if (!isBase64(body, start, start + probeBytes) || !isBase64(body, end - probeBytes, end)) return false
  // Media after a marker are counted already.
  return mediaKeys.has(keyBefore(body, start - 1)) && !body.subarray(start, end).includes(marker)
}

/** Key of the member whose text begins with the quotation mark at `at`; empty for an item of a list. */
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

/** From public reports of chat with sound. */
const soundTokensPerSecond = 10
/** Speech is usually compressed to about 64 kbit/s. A file with a higher bit rate is shorter than estimated. */
const compressedBytesPerSecond = 8_000
/** Start of the base64 of MP3 (with ID3, or a frame's sync word), Ogg and FLAC. */
const compressedSound = /^(?:SUQz|\/\/[I-Po-v]|T2dn|ZkxhQ)/
/** Length of a RIFF header with its format chunk. */
const wavHeadBytes = 44

/** Length of a sound in seconds, from its size and, for WAV, the bit rate in its header; null when it is no sound. */
function soundSeconds(body: Buffer, start: number, end: number): number | null {
  const begin = body.toString('latin1', start, start + 8)
  const bytes = ((end - start) * 3) / 4
  if (compressedSound.test(begin)) return bytes / compressedBytesPerSecond
  if (!begin.startsWith('UklGR')) return null
  const head = Buffer.from(body.toString('latin1', start, start + 80), 'base64')
  if (head.length < wavHeadBytes || head.toString('latin1', 8, 12) !== 'WAVE') return null
  const bytesPerSecond = head.readUInt32LE(28)
  // A bit rate that no sound has must not make the length 0.
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
