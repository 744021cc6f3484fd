import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, type Message, openCalls } from './messages.ts'
import { recordedOf } from './recorded.ts'
import { bodyOf } from './request.ts'
import { noTexts, settingsOf, type Texts } from './settings.ts'

const image = 'data:image/png;base64,AAAA'
const call = { id: 'c1', name: 'get_weather', input: '{"city":"Oslo"}' }
const messages: readonly Message[] = [
  { role: 'user', text: 'What is this?', images: [image] },
  { ...answerOf('gpt-4o'), state: 'failed' },
  { ...answerOf('gpt-4o'), state: 'done', text: 'A cat.', calls: [call] },
  { role: 'tool', callId: 'c1', text: '{"rain":true}' },
]
const tool = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }
const texts: Texts = { instructions: 'Be brief', tools: JSON.stringify([tool]), schema: '{"type":"object"}' }
const address = { temperature: '0.2', tokensMax: '50', seed: '7', effort: 'low', format: 'json_schema' }

test('a body of Chat Completions has what was chosen, the conversation, and nothing that was left to the model', () => {
  assert.deepEqual(bodyOf('gpt-4o', messages, settingsOf(address), texts), {
    model: 'gpt-4o',
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: image } },
        ],
      },
      {
        role: 'assistant',
        content: 'A cat.',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: '{"rain":true}' },
    ],
    temperature: 0.2,
    max_completion_tokens: 50,
    seed: 7,
    reasoning_effort: 'low',
    response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: { type: 'object' } } },
    tools: [tool],
  })
  const plain = bodyOf('gpt-4o', messages.slice(0, 1), settingsOf({}), noTexts)
  assert.deepEqual(Object.keys(plain).sort(), ['messages', 'model', 'stream', 'stream_options'])
})

test('a body of Responses says the same in its own form, and stores nothing', () => {
  assert.deepEqual(bodyOf('gpt-4o', messages, settingsOf({ ...address, api: 'responses' }), texts), {
    model: 'gpt-4o',
    stream: true,
    store: false,
    instructions: 'Be brief',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: image },
        ],
      },
      { role: 'assistant', content: 'A cat.' },
      { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call_output', call_id: 'c1', output: '{"rain":true}' },
    ],
    temperature: 0.2,
    max_output_tokens: 50,
    reasoning: { effort: 'low' },
    include: ['reasoning.encrypted_content'],
    text: { format: { type: 'json_schema', name: 'answer', strict: true, schema: { type: 'object' } } },
    tools: [{ type: 'function', name: 'get_weather', parameters: { type: 'object' } }],
  })
})

// Whoever opens a record here must send what the record's caller sent.
test('a recorded request goes on here as it was, whichever operation it was of', () => {
  for (const api of ['chat/completions', 'responses'] as const) {
    const settings = settingsOf({ ...address, api })
    const body = bodyOf('gpt-4o', messages, settings, texts)
    const recorded = recordedOf(api, body)
    assert.ok(recorded)
    assert.deepEqual(bodyOf('gpt-4o', recorded.messages, recorded.settings, recorded.texts), body)
    assert.deepEqual(recorded.leftOut, [])
  }
})

test('what a question here cannot have is named, and a body without a conversation is none', () => {
  const content = [{ type: 'file', file: {} }, { type: 'input_audio' }, { type: 'text', text: 'Hi' }]
  const recorded = recordedOf('chat/completions', { messages: [{ role: 'user', content }] })
  assert.deepEqual(recorded?.leftOut, ['file', 'input_audio'])
  for (const body of [null, [], {}, { messages: 7 }]) assert.equal(recordedOf('chat/completions', body), null)
})

test('a conversation waits for each tool that the last answer has called', () => {
  assert.deepEqual(openCalls(messages), [])
  assert.deepEqual(openCalls(messages.slice(0, 3)), [call])
})
