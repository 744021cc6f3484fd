/** Speech, transcription and translation. */

import type { JsonRecord } from '../../json.ts'
import { type SpeechFormat, speechBytes, speechFormats, transcript } from '../answers/index.ts'
import type { Spent } from '../billing/bill.ts'
import { countText, tokenPieces } from '../billing/index.ts'
import { admit, type Call, formInput, jsonInput, meaningOf, type Work, workOf } from '../call.ts'
import { invalidRequest, tooLarge } from '../errors.ts'
import { EventStream, sendJson, sendWhole } from '../http/answer.ts'
import { drawOf } from '../seed.ts'

const uploadBytesMax = 26_214_400
const speechCharsMax = 4_096
/** 16 kHz of 16 bits, as telephone recordings have: a file's length is guessed from its size. */
const bytesPerSecond = 32_000

const typeOf: Readonly<Record<SpeechFormat, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
}

export async function createSpeech(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  const { input: text, voice, response_format: format = 'mp3' } = input
  if (typeof text !== 'string' || text === '') {
    throw invalidRequest("Missing required parameter: 'input'.", 'input', 'missing_required_parameter')
  }
  if (text.length > speechCharsMax) {
    const message = `Invalid 'input': string too long. Expected a string with maximum length ${speechCharsMax}.`
    throw invalidRequest(message, 'input', 'string_above_max_length')
  }
  if (voice === undefined)
    throw invalidRequest("Missing required parameter: 'voice'.", 'voice', 'missing_required_parameter')
  const known = speechFormats.find(each => each === format)
  if (known === undefined) {
    const message = `Invalid value: '${String(format)}'. Supported values are: ${speechFormats.map(each => `'${each}'`).join(', ')}.`
    throw invalidRequest(message, 'response_format', 'invalid_value')
  }
  const asEvents = isStreamed(work, input.stream_format)
  const promptTokens = countText(work.deployment.model, text)
  admit(call, work, promptTokens, null)
  const bytes = speechBytes({ text, format: known, seed: work.draw.number('voice') })
  const spent = { promptTokens, completionTokens: soundTokens(text) }
  if (asEvents) return streamSpeech(call, work, bytes, spent)
  // The older voices are billed by letters. The newer ones are billed by tokens, which a plain sound file cannot
  // report.
  const billed = isOldVoice(work) ? null : spent
  return sendWhole(call, { contentType: typeOf[known], bytes, spent: billed, reportsUsage: false })
}

/** True when sound is sent as events with its usage. Throws 400 for the older voices, which have no events. */
function isStreamed(work: Work, format: unknown): boolean {
  if (format === undefined || format === null || format === 'audio') return false
  const isOld = isOldVoice(work)
  if (format === 'sse' && !isOld) return true
  const known = isOld ? "'audio'" : "'audio' and 'sse'"
  const message = `Invalid value: '${String(format)}'. Supported values are: ${known}.`
  throw invalidRequest(message, 'stream_format', 'invalid_value')
}

const isOldVoice = (work: Work): boolean => /^tts/i.test(work.deployment.model)

/** Twenty tokens per second of speech, at about fifteen letters a second. */
function soundTokens(text: string): number {
  return Math.ceil((text.length / 15) * 20)
}

const soundChunkBytes = 4_096

async function streamSpeech(call: Call, work: Work, bytes: Buffer, spent: Spent): Promise<void> {
  const stream = await EventStream.open(call)
  const event = (fields: JsonRecord): string => `data: ${JSON.stringify(fields)}\n\n`
  const chunks = Math.ceil(bytes.length / soundChunkBytes)
  const tokens = Math.floor(spent.completionTokens / chunks)
  for (let at = 0; at < chunks; at += 1) {
    const audio = bytes.subarray(at * soundChunkBytes, (at + 1) * soundChunkBytes).toString('base64')
    if (!(await stream.send(event({ type: 'speech.audio.delta', audio }), tokens))) return
  }
  const { promptTokens, completionTokens } = spent
  const usage = {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
  if (!work.reportsUsage) return stream.end(event({ type: 'speech.audio.done' }), spent)
  await stream.report(event({ type: 'speech.audio.done', usage }), spent)
  return stream.end('', spent)
}

export const transcribe = (call: Call): Promise<void> => hear(call, 'transcribe')
export const translate = (call: Call): Promise<void> => hear(call, 'translate')

async function hear(call: Call, task: 'transcribe' | 'translate'): Promise<void> {
  const form = formInput(call)
  const file = form.get('file')
  if (!(file instanceof File)) {
    throw invalidRequest("Missing required parameter: 'file'.", 'file', 'missing_required_parameter')
  }
  if (file.size > uploadBytesMax) throw tooLarge(uploadBytesMax, file.size)
  const bytes = new Uint8Array(await file.arrayBuffer())
  // Ids and text follow only from the recording: an upload's boundary is new each time.
  const work = workOf(call, `${task} ${bytes.byteLength} ${Buffer.from(bytes.subarray(0, 65_536)).toString('latin1')}`)
  const text = transcript(bytes, work.service.seed ?? drawOf('recording').number('seed'))
  const seconds = Math.max(1, Math.round((bytes.byteLength / bytesPerSecond) * 100) / 100)
  const answer = transcriptionOf(work, text, seconds)
  admit(call, work, answer.spent.promptTokens, null)
  if (form.get('stream') === 'true' && answer.usage) return streamHeard(call, work, text, answer.spent, answer.usage)
  const format = form.get('response_format') ?? 'json'
  const usage = answer.usage && work.reportsUsage ? { usage: answer.usage } : {}
  const reports = 'usage' in usage
  switch (format) {
    case 'json':
      return sendJson(call, { text, ...usage }, answer.spent, reports)
    case 'verbose_json':
      return sendJson(call, verbose(task, text, seconds), answer.spent)
    case 'text':
      return sendText(call, `${text}\n`, 'text/plain; charset=utf-8')
    case 'srt':
      return sendText(call, `1\n${stamp(0, ',')} --> ${stamp(seconds, ',')}\n${text}\n\n`, 'text/plain; charset=utf-8')
    case 'vtt':
      return sendText(
        call,
        `WEBVTT\n\n${stamp(0, '.')} --> ${stamp(seconds, '.')}\n${text}\n\n`,
        'text/vtt; charset=utf-8',
      )
    default:
      throw invalidRequest(
        `Invalid value: '${String(format)}' for response_format.`,
        'response_format',
        'invalid_value',
      )
  }
}

interface Transcription {
  readonly spent: Spent
  /** Null for whisper, which is charged by time. */
  readonly usage: JsonRecord | null
}

/** The gpt-4o models charge 10 audio tokens per second, and the tokens of the text. */
function transcriptionOf(work: Work, text: string, seconds: number): Transcription {
  if (/whisper/i.test(work.deployment.model)) return { spent: { promptTokens: 0, completionTokens: 0 }, usage: null }
  const promptTokens = Math.ceil(seconds * 10)
  const completionTokens = countText(work.deployment.model, text)
  const usage = {
    type: 'tokens',
    input_tokens: promptTokens,
    input_token_details: { text_tokens: 0, audio_tokens: promptTokens },
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
  return { spent: { promptTokens, completionTokens }, usage }
}

async function streamHeard(call: Call, work: Work, text: string, spent: Spent, usage: JsonRecord): Promise<void> {
  const stream = await EventStream.open(call)
  const event = (fields: JsonRecord): string => `data: ${JSON.stringify(fields)}\n\n`
  for (const piece of tokenPieces(work.deployment.model, text)) {
    const sent = await stream.send(
      event({ type: 'transcript.text.delta', delta: piece.text, logprobs: [] }),
      piece.tokens,
    )
    if (!sent) return
  }
  const done = { type: 'transcript.text.done', text, logprobs: [] }
  if (work.reportsUsage) await stream.report(event({ ...done, usage }), spent)
  else await stream.send(event(done))
  return stream.end('data: [DONE]\n\n', spent)
}

function verbose(task: string, text: string, seconds: number): JsonRecord {
  const sentences = text.match(/[^.!?]+[.!?]*\s*/g) ?? [text]
  const each = seconds / sentences.length
  const segments = sentences.map((sentence, id) => ({
    id,
    seek: 0,
    start: Math.round(id * each * 100) / 100,
    end: Math.round((id + 1) * each * 100) / 100,
    text: sentence,
    tokens: [],
    temperature: 0,
    avg_logprob: -0.2,
    compression_ratio: 1.4,
    no_speech_prob: 0.01,
  }))
  return { task, language: 'english', duration: seconds, text, segments }
}

function sendText(call: Call, text: string, contentType: string): Promise<void> {
  return sendWhole(call, { contentType, bytes: Buffer.from(text), spent: null, reportsUsage: false })
}

function stamp(seconds: number, separator: string): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const ms = String(Math.round((seconds % 1) * 1000)).padStart(3, '0')
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${separator}${ms}`
}
