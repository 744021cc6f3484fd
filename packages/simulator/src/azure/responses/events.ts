/** The events of a streamed response. Each has its type twice, as event name and in its data, and a sequence number. */

import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import type { TokenPiece } from '../billing/index.ts'
import { obfuscation } from '../chat/obfuscation.ts'
import type { ResponsesAsk } from './ask.ts'
import type { Made } from './output.ts'
import type { RunEvent } from './run.ts'
import { type ResponseObject, unfinishedObject } from './run.ts'

interface PlannedEvent {
  readonly type: string
  readonly fields: JsonRecord
  /** Text of a delta, which is padded; null for other events. */
  readonly delta: string | null
  readonly tokens: number
  /** Tokens that were produced in silence before it. */
  readonly thoughtTokens: number
}

/** From `response.created` to the last one, which has the finished object. */
export function* responseEvents(
  ask: ResponsesAsk,
  object: ResponseObject,
  made: readonly Made[],
  obfuscates: boolean,
): Generator<RunEvent, void> {
  const lastType = `response.${String(object.status)}`
  let sequence = 0
  for (const { type, fields, delta, tokens, thoughtTokens } of steps(ask, object, made)) {
    const padding = delta !== null && obfuscates ? { obfuscation: obfuscation(delta, sequence) } : null
    const data = { type, sequence_number: sequence, ...fields, ...padding }
    const isLast = type === lastType
    yield { text: `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`, thoughtTokens, tokens, isLast }
    sequence += 1
  }
}

function* steps(ask: ResponsesAsk, object: ResponseObject, made: readonly Made[]): Generator<PlannedEvent, void> {
  const begun = unfinishedObject(object, ask, 'in_progress')
  if (ask.background) {
    const queued = unfinishedObject(object, ask, 'queued')
    yield step('response.created', { response: queued })
    yield step('response.queued', { response: queued })
  } else yield step('response.created', { response: begun })
  yield step('response.in_progress', { response: begun })
  for (const [at, each] of made.entries()) yield* itemEvents(each, at)
  yield step(`response.${String(object.status)}`, { response: object })
}

function* itemEvents(made: Made, at: number): Generator<PlannedEvent, void> {
  switch (made.kind) {
    case 'reasoning':
      yield* reasoningSteps(made, at)
      return
    case 'message':
      yield* messageSteps(made, at)
      return
    case 'picture':
      yield* pictureSteps(made, at)
      return
    case 'code':
      yield* codeSteps(made, at)
      return
    case 'call':
      yield* callSteps(made, at)
      return
    default:
      made satisfies never
  }
}

function step(type: string, fields: JsonRecord, tokens = 0, thoughtTokens = 0): PlannedEvent {
  return { type, fields, delta: null, tokens, thoughtTokens }
}

function deltaStep(type: string, place: JsonRecord, { text, tokens }: TokenPiece, more: JsonRecord = {}): PlannedEvent {
  return { type, fields: { ...place, delta: text, ...more }, delta: text, tokens, thoughtTokens: 0 }
}

const added = (at: number, item: JsonRecord, tokens = 0, thoughtTokens = 0): PlannedEvent =>
  step('response.output_item.added', { output_index: at, item }, tokens, thoughtTokens)

const done = (at: number, item: JsonRecord, thoughtTokens = 0): PlannedEvent =>
  step('response.output_item.done', { output_index: at, item }, 0, thoughtTokens)

/** Reasoning is silent: its tokens are produced between the item's opening and the next event. */
function* reasoningSteps(made: Made & { readonly kind: 'reasoning' }, at: number): Generator<PlannedEvent, void> {
  const { item, sealedEarly, summary, thoughtTokens } = made
  yield added(at, { ...item, ...(sealedEarly === null ? {} : { encrypted_content: sealedEarly }), summary: [] })
  if (summary === null) {
    yield done(at, item, thoughtTokens)
    return
  }
  const place = { item_id: item.id, output_index: at, summary_index: 0 }
  const part = { type: 'summary_text', text: '' }
  yield step('response.reasoning_summary_part.added', { ...place, part }, 0, thoughtTokens)
  // The words of a summary are not charged; the reasoning that it sums up is.
  for (const word of summary.match(/\s*\S+/g) ?? []) {
    yield deltaStep('response.reasoning_summary_text.delta', place, { text: word, tokens: 0 })
  }
  yield step('response.reasoning_summary_text.done', { ...place, text: summary })
  yield step('response.reasoning_summary_part.done', { ...place, part: { ...part, text: summary } })
  yield done(at, item)
}

function* messageSteps(made: Made & { readonly kind: 'message' }, at: number): Generator<PlannedEvent, void> {
  const { item, pieces, text, logprobs } = made
  const place = { item_id: item.id, output_index: at, content_index: 0 }
  const part = listOf(item.content).find(isRecord) ?? {}
  yield added(at, { ...item, status: 'in_progress', content: [] }, 0, made.thoughtTokens)
  yield step('response.content_part.added', { ...place, part: { ...part, annotations: [], logprobs: [], text: '' } })
  for (const [number, piece] of pieces.entries()) {
    yield deltaStep('response.output_text.delta', place, piece, { logprobs: logprobs.slice(number, number + 1) })
  }
  for (const [annotation_index, annotation] of listOf(part.annotations).entries()) {
    yield step('response.output_text.annotation.added', { ...place, annotation_index, annotation })
  }
  yield step('response.output_text.done', { ...place, text, logprobs }, made.closingTokens)
  yield step('response.content_part.done', { ...place, part })
  yield done(at, item)
}

function* pictureSteps(
  { item, partials, tokens }: Made & { readonly kind: 'picture' },
  at: number,
): Generator<PlannedEvent, void> {
  const { id, type, size, quality, background, output_format, result } = item
  const place = { output_index: at, item_id: id }
  yield added(at, { id, type, status: 'in_progress' }, tokens)
  yield step('response.image_generation_call.in_progress', place)
  yield step('response.image_generation_call.generating', place)
  for (let index = 0; index < partials; index += 1) {
    const partial = { partial_image_index: index, partial_image_b64: result, size, quality, background, output_format }
    yield step('response.image_generation_call.partial_image', { ...place, ...partial })
  }
  yield done(at, item)
}

function* codeSteps({ item, pieces }: Made & { readonly kind: 'code' }, at: number): Generator<PlannedEvent, void> {
  const place = { output_index: at, item_id: item.id }
  yield added(at, { ...item, status: 'in_progress', code: '', outputs: item.outputs === null ? null : [] })
  yield step('response.code_interpreter_call.in_progress', place)
  for (const piece of pieces) yield deltaStep('response.code_interpreter_call_code.delta', place, piece)
  yield step('response.code_interpreter_call_code.done', { ...place, code: item.code })
  yield step('response.code_interpreter_call.interpreting', place)
  yield step('response.code_interpreter_call.completed', place)
  yield done(at, item)
}

function* callSteps(made: Made & { readonly kind: 'call' }, at: number): Generator<PlannedEvent, void> {
  const { item, said } = made
  const place = { item_id: item.id, output_index: at }
  yield added(at, { ...item, status: 'in_progress', arguments: '' }, said.openingTokens, made.thoughtTokens)
  for (const piece of said.pieces) yield deltaStep('response.function_call_arguments.delta', place, piece)
  yield step('response.function_call_arguments.done', { ...place, arguments: said.arguments })
  yield done(at, item)
}
