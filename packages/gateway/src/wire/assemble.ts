/** Puts an answer together from one JSON document or from the raw events of a stream. */

import { type Assembled, choiceOf, type Draft, type DraftChoice, finished, toolCallOf } from './assembled.ts'
import { parseCutJson } from './cut-json.ts'
import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from './json.ts'
import { reportedUsage } from './reported-usage.ts'
import { takeResponsesDocument, takeResponsesEvent } from './responses-events.ts'
import { createSseParser } from './sse.ts'

export interface Assembler {
  /** Takes the next bytes of the response's body, split anywhere. */
  push(bytes: Uint8Array): void
  /** The answer as far as it has come. */
  result(): Assembled
}

/**
 * Assembles the body of a response. `stream` is true when the call asked for a stream; a JSON document that came
 * instead (an error before the first event) is recognised. Bytes that are cut off give what was whole by then; bytes
 * that are neither give an empty answer. Never throws.
 */
export function assemble(operation: string, stream: boolean, bytes: Uint8Array): Assembled {
  const assembler = createAssembler(operation, stream)
  assembler.push(bytes)
  return assembler.result()
}

/**
 * The same for bytes that come piece by piece. A stream is read as it comes; a document is kept whole until `result`.
 */
export function createAssembler(operation: string, stream: boolean): Assembler {
  const draft: Draft = {
    id: null,
    model: null,
    serviceTier: null,
    usage: null,
    usageSoFar: false,
    error: null,
    complete: false,
    choices: new Map(),
  }
  const parser = createSseParser(event => takeEvent(draft, operation, event.data))
  const document: Uint8Array[] = []
  let isDocument: boolean | null = stream ? null : true
  return {
    push(bytes) {
      isDocument ??= startsDocument(bytes)
      if (isDocument !== false) document.push(bytes.slice())
      if (isDocument !== true) parser.push(bytes)
    },
    result() {
      if (isDocument !== true) return finished(withLast(draft, operation, parser.open()))
      const whole: Draft = { ...draft, choices: new Map() }
      takeDocument(whole, operation, Buffer.concat(document))
      return finished(whole)
    },
  }
}

/** The event at the end of the bytes may have no blank line; clients use it all the same. */
function withLast(draft: Draft, operation: string, data: string | null): Draft {
  if (data === null) return draft
  const copy = structuredClone(draft)
  takeEvent(copy, operation, data)
  return copy
}

/** No meaningful line of an event stream begins with a bracket. Null while only white space has come. */
function startsDocument(bytes: Uint8Array): boolean | null {
  // White space, and the three bytes of a byte order mark.
  const first = bytes.find(byte => ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].includes(byte))
  return first === undefined ? null : first === 0x7b || first === 0x5b
}

function takeDocument(draft: Draft, operation: string, bytes: Uint8Array): void {
  const parsed = parseCutJson(new TextDecoder().decode(bytes))
  if (parsed === null || !isRecord(parsed.value)) return
  draft.complete = parsed.whole
  takeShared(draft, parsed.value)
  if (operation === 'responses') takeResponsesDocument(draft, parsed.value)
  else takeChoices(draft, parsed.value)
}

function takeEvent(draft: Draft, operation: string, text: string): void {
  if (text === '[DONE]') {
    draft.complete = true
    return
  }
  const parsed = parseCutJson(text)
  // A malformed frame is ignored: half of it would be a guess.
  if (!parsed?.whole || !isRecord(parsed.value)) return
  if (operation === 'responses') {
    takeResponsesEvent(draft, parsed.value)
    return
  }
  takeShared(draft, parsed.value)
  takeChoices(draft, parsed.value)
}

/** The members that documents and chunks of all operations have in common. */
function takeShared(draft: Draft, body: JsonRecord): void {
  draft.id = textOrNull(body.id) ?? draft.id
  draft.model = textOrNull(body.model) ?? draft.model
  draft.serviceTier = textOrNull(body.service_tier) ?? draft.serviceTier
  const usage = reportedUsage(body.usage)
  if (usage !== null) {
    draft.usage = usage
    draft.usageSoFar = listOf(body.choices).some(
      choice => isRecord(choice) && textOrNull(choice.finish_reason) === null,
    )
  }
  draft.error = errorOf(body) ?? draft.error
}

/**
 * Errors come as OpenAI's `{error: {code, message, type}}` or as `{statusCode, message}`, the form of Azure's own
 * gateway.
 */
function errorOf(body: JsonRecord): Assembled['error'] {
  if (isRecord(body.error)) {
    const { code, type, message } = body.error
    return {
      code: code === null || code === undefined ? null : String(code),
      type: textOrNull(type),
      message: textOf(message),
    }
  }
  if (typeof body.error === 'string') return { code: null, type: null, message: body.error }
  const statusCode = numberOrNull(body.statusCode)
  return statusCode === null ? null : { code: String(statusCode), type: null, message: textOf(body.message) }
}

/** Choices of chat and completions, whole (`message`, `text`) or in parts (`delta`). */
function takeChoices(draft: Draft, body: JsonRecord): void {
  for (const choice of listOf(body.choices)) {
    if (!isRecord(choice)) continue
    const into = choiceOf(draft, numberOrNull(choice.index) ?? 0)
    into.text += textOf(choice.text)
    into.finishReason = textOrNull(choice.finish_reason) ?? into.finishReason
    takeMessage(into, choice.delta)
    takeMessage(into, choice.message)
  }
}

function takeMessage(into: DraftChoice, message: unknown): void {
  if (!isRecord(message)) return
  into.text += textOf(message.content)
  into.refusal += textOf(message.refusal)
  // The first is DeepSeek's name; other servers use the second for the same.
  into.reasoning += textOf(message.reasoning_content) || textOf(message.reasoning)
  for (const [place, call] of listOf(message.tool_calls).entries()) takeCall(into, call, place)
  if (isRecord(message.function_call)) takeCall(into, { function: message.function_call }, 0)
}

function takeCall(into: DraftChoice, call: unknown, place: number): void {
  if (!isRecord(call) || !isRecord(call.function)) return
  const drafted = toolCallOf(into, numberOrNull(call.index) ?? place)
  drafted.id = textOrNull(call.id) ?? drafted.id
  drafted.name += textOf(call.function.name)
  drafted.arguments += textOf(call.function.arguments)
}
