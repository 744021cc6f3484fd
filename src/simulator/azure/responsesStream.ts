/** The events of a streamed response. Every one says its type twice, as event name and in its data, and counts on. */
import { countText } from '../../tokens/count.ts'
import type { JsonRecord } from '../../wire/json.ts'
import { isRecord, listOf } from '../../wire/json.ts'
import { EventStream } from './answer.ts'
import type { Call, Work } from './call.ts'
import type { ResponsesAnswer } from './responses.ts'
import type { SaidToolCall } from './speak.ts'

interface Step {
  readonly type: string
  readonly fields: JsonRecord
  readonly tokens: number
}

export async function streamResponse(call: Call, work: Work, answer: ResponsesAnswer): Promise<void> {
  const stream = await EventStream.open(call)
  let sequence = 0
  const event = (type: string, fields: JsonRecord): string => {
    const line = `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`
    sequence += 1
    return line
  }
  for (const { type, fields, tokens } of steps(work, answer)) {
    if (!(await stream.send(event(type, fields), tokens))) return
  }
  const last = event(`response.${String(answer.object.status)}`, { response: answer.object })
  if (!work.reportsUsage) return stream.end(last, answer)
  await stream.report(last, answer)
  return stream.end('', answer)
}

function* steps(work: Work, answer: ResponsesAnswer): Generator<Step, void> {
  const begun = { ...answer.object, status: 'in_progress', output: [], usage: null, incomplete_details: null }
  yield step('response.created', { response: begun })
  yield step('response.in_progress', { response: begun })
  let calls = 0
  for (const [at, item] of answer.output.entries()) {
    if (item.type === 'message') yield* messageSteps(item, at, answer)
    else if (item.type === 'function_call') {
      const said = answer.said.toolCalls[calls]
      calls += 1
      if (said) yield* callSteps(work, item, at, said)
    } else yield* itemSteps(item, item, at, [])
  }
}

function step(type: string, fields: JsonRecord, tokens = 0): Step {
  return { type, fields, tokens }
}

/** An item's opening, what is in it, and its end. */
function* itemSteps(
  opened: JsonRecord,
  item: JsonRecord,
  at: number,
  inner: Iterable<Step>,
  tokens = 0,
): Generator<Step, void> {
  yield step('response.output_item.added', { output_index: at, item: opened }, tokens)
  yield* inner
  yield step('response.output_item.done', { output_index: at, item })
}

function* messageSteps(item: JsonRecord, at: number, answer: ResponsesAnswer): Generator<Step, void> {
  const place = { item_id: item.id, output_index: at, content_index: 0 }
  const part = listOf(item.content).find(isRecord) ?? {}
  function* inner(): Generator<Step, void> {
    yield step('response.content_part.added', { ...place, part: { ...part, text: '' } })
    for (const piece of answer.said.pieces) {
      yield step('response.output_text.delta', { ...place, delta: piece.text, logprobs: [] }, piece.tokens)
    }
    yield step('response.output_text.done', { ...place, text: answer.said.text, logprobs: [] })
    yield step('response.content_part.done', { ...place, part })
  }
  yield* itemSteps({ ...item, status: 'in_progress', content: [] }, item, at, inner())
}

function* callSteps(work: Work, item: JsonRecord, at: number, said: SaidToolCall): Generator<Step, void> {
  const place = { item_id: item.id, output_index: at }
  function* inner(): Generator<Step, void> {
    for (const piece of said.pieces) {
      yield step('response.function_call_arguments.delta', { ...place, delta: piece.text }, piece.tokens)
    }
    yield step('response.function_call_arguments.done', { ...place, arguments: said.arguments })
  }
  const nameTokens = countText(work.deployment.model, said.name)
  yield* itemSteps({ ...item, status: 'in_progress', arguments: '' }, item, at, inner(), nameTokens)
}
