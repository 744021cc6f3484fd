import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withEvent } from './answers.ts'
import { answerOf } from './messages.ts'

const grown = (events: readonly unknown[]) => events.reduce(withEvent, answerOf('gpt-4o'))
const delta = (members: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: members, finish_reason: finish }],
})

test('the pieces of a chat make its text, its reasoning and why it ended', () => {
  const answer = grown([
    delta({ role: 'assistant', content: '' }),
    delta({ reasoning_content: 'hm' }),
    delta({ content: 'Hel' }),
    delta({ content: 'lo' }),
    delta({}, 'stop'),
    { choices: [], usage: { total_tokens: 3 } },
    null,
    'noise',
  ])
  assert.deepEqual([answer.text, answer.reasoning, answer.finish, answer.failure], ['Hello', 'hm', 'stop', null])
})

test('calls of tools that come in pieces, several at once, are put together', () => {
  const part = (index: number, id: string | undefined, name: string | undefined, input: string) =>
    delta({ tool_calls: [{ index, id, function: { name, arguments: input } }] })
  const { calls } = grown([
    part(0, 'a', 'get_weather', ''),
    part(0, undefined, undefined, '{"city":'),
    part(1, 'b', 'get_time', '{}'),
    part(0, undefined, undefined, '"Oslo"}'),
  ])
  assert.deepEqual(calls, [
    { id: 'a', name: 'get_weather', input: '{"city":"Oslo"}' },
    { id: 'b', name: 'get_time', input: '{}' },
  ])
})

test('the events of Responses make the same answer, and its items are kept to be sent back', () => {
  const output = [{ type: 'message', id: 'm1' }]
  const answer = grown([
    { type: 'response.created', response: { status: 'in_progress', output: [] } },
    { type: 'response.reasoning_summary_text.delta', delta: 'hm' },
    { type: 'response.output_text.delta', delta: 'Hel' },
    { type: 'response.output_text.delta', delta: 'lo' },
    { type: 'response.output_item.done', item: { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' } },
    {
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output },
    },
  ])
  assert.deepEqual(
    [answer.text, answer.reasoning, answer.finish, answer.items, answer.calls],
    ['Hello', 'hm', 'max_output_tokens', output, [{ id: 'a', name: 'f', input: '{}' }]],
  )
})

// A model's side that fails in the middle of a stream must not look like a short answer.
test('an error within a stream is a failure of the answer', () => {
  const error = { code: 'backend_cut', message: 'It broke off.' }
  for (const event of [{ error }, { type: 'error', ...error }, { type: 'response.failed', response: { error } }]) {
    const { text, failure } = grown([delta({ content: 'one' }), event])
    assert.deepEqual([text, failure], ['one', { kind: 'failed', ...error }])
  }
})

test('an answer that comes whole is read like one that streams', () => {
  const message = { content: 'Hi', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }
  const { text, calls } = grown([{ choices: [{ message, finish_reason: 'tool_calls' }] }])
  assert.deepEqual([text, calls], ['Hi', [{ id: 'a', name: 'f', input: '{}' }]])
})
