/** What an answer says, by operation. Streams are put together. */
import { assemble } from '../assemble.ts'
import type { Assembled, AssembledChoice } from '../assembled.ts'
import { parseCutJson } from '../cut-json.ts'
import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../json.ts'
import { isEventStream } from '../media-types.ts'
import { createSseParser } from '../sse.ts'
import { messagesOfItem } from './items.ts'
import { attachmentOf, type Message, messageOf } from './message.ts'
import { base64Bytes } from './parts.ts'
import { documentMessage } from './plain.ts'

export interface Answered {
  readonly messages: readonly Message[]
  readonly complete: boolean
}

export interface AnswerBody {
  readonly operation: string
  readonly contentType: string | null
  /** True where the call asked for a stream. */
  readonly stream: boolean
  readonly bytes: Buffer
}

type Reader = (answer: AnswerBody) => Answered | null

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['chat/completions', chatAnswer],
  ['completions', choicesAnswer],
  ['responses', responsesAnswer],
  ['responses/{id}', responsesAnswer],
  ['responses/compact', responsesAnswer],
  ['embeddings', embeddingsAnswer],
  ['images/generations', imagesAnswer],
  ['images/edits', imagesAnswer],
  ['audio/speech', speechAnswer],
  ['audio/transcriptions', transcriptAnswer],
  ['audio/translations', transcriptAnswer],
])

/** @param bytes null where there are none. */
export function answeredOf(answer: Omit<AnswerBody, 'bytes'> & { readonly bytes: Buffer | null }): Answered {
  const { operation, contentType, bytes } = answer
  if (bytes === null || bytes.byteLength === 0) return { messages: [], complete: false }
  const body = { ...answer, bytes }
  const read = readers.get(operation)?.(body) ?? null
  if (read !== null && read.messages.length > 0) return read
  return errorAnswer(body) ?? { messages: [documentMessage('response', contentType, bytes)], complete: true }
}

function assembledOf({ operation, contentType, stream, bytes }: AnswerBody): Assembled {
  return assemble(operation, stream || isEventStream(contentType), bytes)
}

function errorMessages({ error }: Assembled): readonly Message[] {
  return error === null ? [] : [messageOf('error', { text: error.message, name: error.code ?? error.type })]
}

/** An answer of any operation that is an error in one of the known forms; null for all others. */
function errorAnswer(answer: AnswerBody): Answered | null {
  const document = documentIn(answer)
  if (document !== null && !('error' in document || 'statusCode' in document)) return null
  const assembled = assembledOf(answer)
  const messages = errorMessages(assembled)
  return messages.length === 0 ? null : { messages, complete: assembled.complete }
}

function choicesAnswer(answer: AnswerBody): Answered {
  const assembled = assembledOf(answer)
  const { choices, complete } = assembled
  const messages = choices.map(choice => choiceMessage(choice, choices.length > 1))
  return { messages: [...messages, ...errorMessages(assembled)], complete }
}

function choiceMessage({ index, finishReason, ...said }: AssembledChoice, isOneOfMany: boolean): Message {
  return messageOf('assistant', { ...said, choice: isOneOfMany ? index : null, finishReason })
}

/** With what was spoken, which is no part of the assembled text. */
function chatAnswer(answer: AnswerBody): Answered {
  const { messages, complete } = choicesAnswer(answer)
  if (!answer.bytes.includes('"transcript"')) return { messages, complete }
  const spoken = { text: '', bytes: 0 }
  for (const document of documentsIn(answer)) {
    for (const choice of listOf(document.choices)) takeSpoken(spoken, choice)
  }
  if (spoken.text === '' && spoken.bytes === 0) return { messages, complete }
  const audio = attachmentOf('audio', { bytes: spoken.bytes })
  const [first = messageOf('assistant', {}), ...others] = messages
  return { messages: [{ ...first, text: first.text || spoken.text, attachments: [audio] }, ...others], complete }
}

function takeSpoken(spoken: { text: string; bytes: number }, choice: unknown): void {
  if (!isRecord(choice)) return
  for (const message of [choice.delta, choice.message]) {
    const audio = isRecord(message) ? message.audio : null
    if (!isRecord(audio)) continue
    spoken.text += textOf(audio.transcript)
    spoken.bytes += base64Bytes(textOf(audio.data))
  }
}

/** The items of the whole response where it came, else the text that deltas make. */
function responsesAnswer(answer: AnswerBody): Answered {
  let last: JsonRecord | null = null
  for (const document of documentsIn(answer)) {
    const response = isRecord(document.response) ? document.response : document
    if (listOf(response.output).length > 0) last = response
  }
  const assembled = assembledOf({ ...answer, operation: 'responses' })
  const { complete } = assembled
  const errors = errorMessages(assembled)
  if (last === null) {
    const messages = assembled.choices.map(choice => choiceMessage(choice, false))
    return { messages: [...messages, ...errors], complete }
  }
  const messages = listOf(last.output).flatMap(messagesOfItem)
  const finishReason = assembled.choices[0]?.finishReason ?? null
  return { messages: [...withFinish(messages, finishReason), ...errors], complete }
}

function withFinish(messages: readonly Message[], finishReason: string | null): readonly Message[] {
  const last = messages.at(-1)
  if (last === undefined || finishReason === null) return messages
  return [...messages.slice(0, -1), { ...last, finishReason }]
}

function embeddingsAnswer(answer: AnswerBody): Answered | null {
  const document = documentIn(answer)
  const data = listOf(document?.data)
  const attachments = data.flatMap(entry => {
    if (!isRecord(entry)) return []
    const { embedding } = entry
    // Numbers of four bytes each, in base64.
    const dimensions = typeof embedding === 'string' ? base64Bytes(embedding) / 4 : listOf(embedding).length
    return [attachmentOf('embedding', { dimensions })]
  })
  return attachments.length === 0 ? null : { messages: [messageOf('assistant', { attachments })], complete: true }
}

function imagesAnswer(answer: AnswerBody): Answered | null {
  const entries = documentsIn(answer).flatMap(document => {
    // Events of a stream have one picture each; those before the last are unfinished.
    if (textOf(document.type).endsWith('.completed')) return [document]
    return listOf(document.data).filter(isRecord)
  })
  if (entries.length === 0) return null
  const attachments = entries.map(entry => {
    const { b64_json: data, url, output_format: format } = entry
    const mediaType = textOrNull(format) && `image/${textOf(format)}`
    return attachmentOf('image', { mediaType, url: textOrNull(url), bytes: data ? base64Bytes(textOf(data)) : null })
  })
  const text = textOf(entries[0]?.revised_prompt)
  return { messages: [messageOf('assistant', { text, attachments })], complete: true }
}

function speechAnswer(answer: AnswerBody): Answered | null {
  if (!isEventStream(answer.contentType)) {
    return documentIn(answer) === null
      ? { messages: [documentMessage('assistant', answer.contentType ?? 'audio/mpeg', answer.bytes)], complete: true }
      : null
  }
  const documents = documentsIn(answer)
  const bytes = documents.reduce((sum, { audio }) => sum + base64Bytes(textOf(audio)), 0)
  const complete = documents.some(({ type }) => type === 'speech.audio.done')
  return { messages: [messageOf('assistant', { attachments: [attachmentOf('audio', { bytes })] })], complete }
}

function transcriptAnswer(answer: AnswerBody): Answered | null {
  const { contentType, bytes } = answer
  const documents = documentsIn(answer)
  if (documents.length === 0) return { messages: [documentMessage('assistant', contentType, bytes)], complete: true }
  const done = documents.find(
    ({ type, text }) => type === 'transcript.text.done' || (!type && typeof text === 'string'),
  )
  if (done !== undefined) return { messages: [messageOf('assistant', { text: textOf(done.text) })], complete: true }
  const text = documents.map(({ delta }) => textOf(delta)).join('')
  return text === '' ? null : { messages: [messageOf('assistant', { text })], complete: false }
}

function documentIn({ bytes }: AnswerBody): JsonRecord | null {
  if (!/^[\s\ufeff]*[{[]/.test(bytes.toString('utf8', 0, 64))) return null
  const value = parseCutJson(bytes.toString('utf8'))?.value
  return isRecord(value) ? value : null
}

/** The JSON documents of an answer: one, or those of the events of a stream. */
function documentsIn(answer: AnswerBody): readonly JsonRecord[] {
  const { contentType, stream, bytes } = answer
  const only = documentIn(answer)
  if (only !== null) return [only]
  if (!stream && !isEventStream(contentType)) return []
  const found: JsonRecord[] = []
  const take = (data: string): void => {
    const parsed = data === '[DONE]' ? null : parseCutJson(data)
    if (parsed?.whole === true && isRecord(parsed.value)) found.push(parsed.value)
  }
  const parser = createSseParser(({ data }) => take(data))
  parser.push(bytes)
  const last = parser.open()
  if (last !== null) take(last)
  return found
}
