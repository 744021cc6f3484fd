/** An answer as it grows: each event of a stream adds to it. Of both operations, and of an answer that came whole. */
import type { Answer, Failure, ToolCall } from './messages.ts'
import { isObject } from './settings.ts'

type Json = Readonly<Record<string, unknown>>

/** @param event a parsed event; anything. */
export function withEvent(answer: Answer, event: unknown): Answer {
  if (!isObject(event)) return answer
  const error = isObject(event['error']) ? event['error'] : null
  if (error !== null) return { ...answer, failure: failureOf(error) }
  if (Array.isArray(event['choices'])) return withChoice(answer, event['choices'][0])
  return typeof event['type'] === 'string' ? withResponsesEvent(answer, event['type'], event) : answer
}

export function failureOf(error: Json, kind: Failure['kind'] = 'failed'): Failure {
  return { kind, code: textOf(error['code'] ?? error['type']), message: textOf(error['message']) }
}

/** A chunk has `delta`, a whole answer has `message`; the members are the same. */
function withChoice(answer: Answer, choice: unknown): Answer {
  if (!isObject(choice)) return answer
  const delta = isObject(choice['delta']) ? choice['delta'] : isObject(choice['message']) ? choice['message'] : {}
  const calls = Array.isArray(delta['tool_calls']) ? delta['tool_calls'].filter(isObject) : []
  return {
    ...answer,
    text: answer.text + textOf(delta['content']),
    reasoning: answer.reasoning + textOf(delta['reasoning_content'] ?? delta['reasoning']),
    refusal: answer.refusal + textOf(delta['refusal']),
    calls: calls.reduce(withCallPart, answer.calls),
    finish: textOf(choice['finish_reason']) || answer.finish,
  }
}

/** The first part of a call has its id and name; the others add to its input. */
function withCallPart(calls: readonly ToolCall[], part: Json, index: number): readonly ToolCall[] {
  const at = typeof part['index'] === 'number' ? part['index'] : index
  const called = isObject(part['function']) ? part['function'] : {}
  const known = calls[at] ?? { id: '', name: '', input: '' }
  const grown = {
    id: known.id + textOf(part['id']),
    name: known.name + textOf(called['name']),
    input: known.input + textOf(called['arguments']),
  }
  return at < calls.length ? calls.with(at, grown) : [...calls, grown]
}

function withResponsesEvent(answer: Answer, type: string, event: Json): Answer {
  const delta = textOf(event['delta'])
  switch (type) {
    case 'response.output_text.delta':
      return { ...answer, text: answer.text + delta }
    case 'response.refusal.delta':
      return { ...answer, refusal: answer.refusal + delta }
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      return { ...answer, reasoning: answer.reasoning + delta }
    case 'response.output_item.done':
      return withItem(answer, event['item'])
    case 'error':
      return { ...answer, failure: failureOf(event) }
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
      return isObject(event['response']) ? withEnd(answer, event['response']) : answer
    default:
      return answer
  }
}

function withItem(answer: Answer, item: unknown): Answer {
  if (!isObject(item) || item['type'] !== 'function_call') return answer
  const call = { id: textOf(item['call_id']), name: textOf(item['name']), input: textOf(item['arguments']) }
  return { ...answer, calls: [...answer.calls, call] }
}

function withEnd(answer: Answer, response: Json): Answer {
  const details = isObject(response['incomplete_details']) ? response['incomplete_details'] : {}
  const error = isObject(response['error']) ? failureOf(response['error']) : answer.failure
  const items = Array.isArray(response['output']) ? (response['output'] as readonly unknown[]) : null
  return { ...answer, items, failure: error, finish: textOf(details['reason']) || textOf(response['status']) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
