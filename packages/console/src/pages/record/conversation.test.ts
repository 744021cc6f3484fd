import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { errorOfAnswer, turnsOfAnswer, turnsOfRequest } from './conversation.ts'

test('messages, tool calls with their results, images and files are read from a chat', () => {
  const turns = turnsOfRequest({
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'file', file: { filename: 'plan.pdf' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', function: { name: 'look', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'A cat.' },
    ],
  })
  assert.deepEqual(turns, [
    { role: 'system', parts: [{ kind: 'text', text: 'Be brief.' }] },
    {
      role: 'user',
      parts: [
        { kind: 'text', text: 'What is this?' },
        { kind: 'image', address: 'https://example.com/a.png' },
        { kind: 'file', name: 'plan.pdf' },
      ],
    },
    { role: 'assistant', parts: [{ kind: 'call', id: 'c1', name: 'look', input: '{}' }] },
    { role: 'tool', parts: [{ kind: 'result', id: 'c1', text: 'A cat.' }] },
  ])
})

test('the input of Responses and of embeddings is read too', () => {
  assert.deepEqual(turnsOfRequest({ instructions: 'Be brief.', input: 'Hello' }), [
    { role: 'system', parts: [{ kind: 'text', text: 'Be brief.' }] },
    { role: 'user', parts: [{ kind: 'text', text: 'Hello' }] },
  ])
  assert.deepEqual(turnsOfRequest({ input: [{ type: 'function_call_output', call_id: 'c1', output: 'done' }] }), [
    { role: 'tool', parts: [{ kind: 'result', id: 'c1', text: 'done' }] },
  ])
  assert.deepEqual(turnsOfRequest({ input: ['a', 'b'] }), [
    {
      role: 'user',
      parts: [
        { kind: 'text', text: 'a' },
        { kind: 'text', text: 'b' },
      ],
    },
  ])
})

test('an answer has what the model said, refused, thought and called, or its error', () => {
  const choices = [{ index: 0, text: 'Yes.', refusal: null, reasoning: 'Hm.', toolCalls: [], finishReason: 'stop' }]
  assert.deepEqual(turnsOfAnswer({ choices, error: null }), [
    {
      role: 'assistant',
      parts: [
        { kind: 'reasoning', text: 'Hm.' },
        { kind: 'text', text: 'Yes.' },
      ],
    },
  ])
  assert.equal(
    errorOfAnswer({ choices: [], error: { code: '429', type: null, message: 'Slow down.' } }),
    '429: Slow down.',
  )
})

// Callers write bodies: none may keep a record from being shown.
test('no body makes it fail', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record({
      messages: fc.array(fc.record({ role: fc.jsonValue(), content: fc.jsonValue(), tool_calls: fc.jsonValue() })),
    }),
    fc.record({ input: fc.array(fc.record({ type: fc.jsonValue(), content: fc.jsonValue() })) }),
  )
  fc.assert(
    fc.property(anything, body => {
      for (const turn of [...turnsOfRequest(body), ...turnsOfAnswer(body)]) assert.equal(typeof turn.role, 'string')
      errorOfAnswer(body)
    }),
  )
})
