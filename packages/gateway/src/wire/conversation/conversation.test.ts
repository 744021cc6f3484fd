import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { conversationOf, type RecordedCall } from './index.ts'

const json = 'application/json'

function call(
  operation: string,
  request: unknown,
  response: unknown,
  changes: Partial<RecordedCall> = {},
): RecordedCall {
  const bytes = (body: unknown): Buffer | null =>
    body === null
      ? null
      : Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return {
    ...{ operation, stream: false, requestContentType: json, responseContentType: json },
    ...{ request: bytes(request), response: bytes(response), ...changes },
  }
}

const events = (documents: readonly unknown[]): string =>
  documents.map(one => `data: ${one === '[DONE]' ? one : JSON.stringify(one)}\n\n`).join('')

const streamed = { stream: true, responseContentType: 'text/event-stream; charset=utf-8' }

// An auditor reads what was said, and not the members of a protocol.
test('a chat is its messages with tools, results, pictures and the answer', () => {
  const request = {
    model: 'gpt-4o',
    tools: [{ type: 'function', function: { name: 'weather' } }],
    messages: [
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAECAw==' } },
          { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
          { type: 'input_audio', input_audio: { data: 'AAEC', format: 'wav' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', function: { name: 'weather', arguments: '{"at":"Oslo"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'rain' },
    ],
  }
  const response = {
    choices: [{ index: 0, message: { role: 'assistant', content: 'A wet cat.' }, finish_reason: 'stop' }],
  }
  const { messages, tools, complete } = conversationOf(call('chat/completions', request, response))
  assert.deepEqual(messages, [
    { role: 'system', text: 'Be kind.' },
    {
      role: 'user',
      text: 'What is this?',
      attachments: [
        { kind: 'image', mediaType: 'image/png', bytes: 4 },
        { kind: 'image', url: 'https://example.com/cat.png' },
        { kind: 'audio', mediaType: 'audio/wav', bytes: 3 },
      ],
    },
    { role: 'assistant', text: '', toolCalls: [{ id: 'c1', name: 'weather', arguments: '{"at":"Oslo"}' }] },
    { role: 'tool', text: 'rain', toolCallId: 'c1' },
    { role: 'assistant', text: 'A wet cat.', finishReason: 'stop' },
  ])
  assert.deepEqual([tools, complete], [['weather'], true])
})

test('a stream is the text and the calls that its pieces make', () => {
  const delta = (delta: object, finish: string | null = null, index = 0) => ({
    choices: [{ index, delta, finish_reason: finish }],
  })
  const chat = events([
    delta({ role: 'assistant', content: 'Hel' }),
    delta({ content: 'lo' }),
    delta({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'w', arguments: '{"a"' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }, 'tool_calls'),
    '[DONE]',
  ])
  const request = { messages: [{ role: 'user', content: 'Hi' }] }
  assert.deepEqual(conversationOf(call('chat/completions', request, chat, streamed)), {
    messages: [
      { role: 'user', text: 'Hi' },
      {
        role: 'assistant',
        text: 'Hello',
        toolCalls: [{ id: 'c1', name: 'w', arguments: '{"a":1}' }],
        finishReason: 'tool_calls',
      },
    ],
    tools: [],
    continues: [],
    complete: true,
  })
  const cut = conversationOf(call('chat/completions', request, chat.slice(0, chat.indexOf('"lo"')), streamed))
  assert.deepEqual([cut.messages.at(-1), cut.complete], [{ role: 'assistant', text: 'Hel' }, false])
  const spoken = events([
    delta({ audio: { transcript: 'Good ', data: 'AAEC' } }),
    delta({ audio: { transcript: 'day' } }),
    '[DONE]',
  ])
  assert.deepEqual(conversationOf(call('chat/completions', null, spoken, streamed)).messages, [
    { role: 'assistant', text: 'Good day', attachments: [{ kind: 'audio', bytes: 3 }] },
  ])
})

test('a response has its instructions, items, calls and results, whole or streamed', () => {
  const request = {
    instructions: 'Be brief.',
    previous_response_id: 'resp_1',
    tools: [{ type: 'web_search' }, { type: 'function', name: 'sum' }],
    input: [
      'Hello',
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Add' },
          { type: 'input_file', file_id: 'file-1' },
        ],
      },
      { type: 'function_call', call_id: 'c1', name: 'sum', arguments: '[1,2]' },
      { type: 'function_call_output', call_id: 'c1', output: '3' },
    ],
  }
  const output = [
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'It is three.' }] },
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { query: 'three' } },
    { type: 'image_generation_call', result: 'AAEC', output_format: 'png' },
    { type: 'mcp_call', id: 'm1', server_label: 'crm', name: 'find', arguments: '{}', output: 'none' },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Three.' }] },
  ]
  const response = { id: 'resp_2', status: 'completed', output }
  const expected = [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'Hello' },
    { role: 'user', text: 'Add', attachments: [{ kind: 'file', fileId: 'file-1' }] },
    { role: 'assistant', text: '', toolCalls: [{ id: 'c1', name: 'sum', arguments: '[1,2]' }] },
    { role: 'tool', text: '3', toolCallId: 'c1' },
    { role: 'assistant', text: '', reasoning: 'It is three.' },
    {
      role: 'assistant',
      text: '',
      toolCalls: [{ id: 'ws_1', name: 'web_search_call', arguments: '{"action":{"query":"three"}}' }],
    },
    { role: 'assistant', text: '', attachments: [{ kind: 'image', mediaType: 'image/png', bytes: 3 }] },
    { role: 'assistant', text: '', toolCalls: [{ id: 'm1', name: 'crm.find', arguments: '{}' }] },
    { role: 'tool', text: 'none', toolCallId: 'm1' },
    { role: 'assistant', text: 'Three.', finishReason: 'completed' },
  ]
  const whole = conversationOf(call('responses', request, response))
  assert.deepEqual(whole.messages, expected)
  assert.deepEqual([whole.tools, whole.continues, whole.complete], [['web_search', 'sum'], ['resp_1'], true])
  const stream = events([
    { type: 'response.created', response: { id: 'resp_2', status: 'in_progress', output: [] } },
    { type: 'response.output_text.delta', output_index: 4, delta: 'Th' },
    { type: 'response.completed', response },
  ])
  assert.deepEqual(conversationOf(call('responses', request, stream, streamed)).messages, expected)
  const cut = conversationOf(
    call('responses', request, stream.slice(0, stream.indexOf('data: {"type":"response.completed')), streamed),
  )
  assert.deepEqual([cut.messages.at(-1)?.text, cut.complete], ['Th', false])
})

test('embeddings, pictures, sounds and files are named with their type and size', () => {
  const last = (made: RecordedCall) => conversationOf(made).messages.at(-1)
  const embedded = conversationOf(
    call(
      'embeddings',
      { input: ['one', [1, 2, 3]] },
      { data: [{ embedding: [0.1, 0.2] }, { embedding: 'AAAAAAAAAAA=' }] },
    ),
  )
  assert.deepEqual(embedded.messages, [
    { role: 'user', text: 'one' },
    { role: 'user', text: '[3 tokens as numbers]' },
    {
      role: 'assistant',
      text: '',
      attachments: [
        { kind: 'embedding', dimensions: 2 },
        { kind: 'embedding', dimensions: 2 },
      ],
    },
  ])
  assert.deepEqual(
    last(call('images/generations', { prompt: 'A harbour' }, { data: [{ b64_json: 'AAEC' }] }))?.attachments,
    [{ kind: 'image', bytes: 3 }],
  )
  const speech = call('audio/speech', { input: 'Hello' }, Buffer.from([0xff, 0xfb, 0]), {
    responseContentType: 'audio/mpeg',
  })
  assert.deepEqual(conversationOf(speech).messages, [
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: '', attachments: [{ kind: 'audio', mediaType: 'audio/mpeg', bytes: 3 }] },
  ])
  const form = [
    '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper\r\n',
    '--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nBe exact\r\n',
    '--x\r\nContent-Disposition: form-data; name="file"; filename="nöte.wav"\r\nContent-Type: audio/wav\r\n\r\n\0\u0001\r\n--x--\r\n',
  ].join('')
  const heard = call(
    'audio/transcriptions',
    form,
    { text: 'Good morning' },
    { requestContentType: 'multipart/form-data; boundary=x' },
  )
  assert.deepEqual(conversationOf(heard).messages, [
    {
      role: 'user',
      text: 'model: whisper\nBe exact',
      attachments: [{ kind: 'audio', name: 'nöte.wav', mediaType: 'audio/wav', bytes: 2 }],
    },
    { role: 'assistant', text: 'Good morning' },
  ])
})

test('errors, and what no operation of a model has, are texts of their own', () => {
  const refused = call('chat/completions', '{"messages":', { error: { code: 'body_malformed', message: 'No.' } })
  assert.deepEqual(conversationOf(refused).messages, [{ role: 'error', text: 'No.', name: 'body_malformed' }])
  const files = call('files', null, { object: 'list', data: [] })
  assert.deepEqual(conversationOf(files).messages, [{ role: 'response', text: '{"object":"list","data":[]}' }])
  const page = call('chat/completions', 'x', '<html>bad gateway', { responseContentType: 'text/html' })
  assert.deepEqual(conversationOf(page).messages, [
    { role: 'request', text: 'x' },
    { role: 'response', text: '<html>bad gateway' },
  ])
  assert.deepEqual(conversationOf(call('responses', null, null)), {
    messages: [],
    tools: [],
    continues: [],
    complete: false,
  })
})

const names = [
  'chat/completions',
  'completions',
  'responses',
  'embeddings',
  'images/generations',
  'images/edits',
  'audio/speech',
  'audio/transcriptions',
  'files',
  '',
]
const types = [json, null, 'text/event-stream', 'multipart/form-data; boundary=x', 'audio/mpeg', 'text/plain']
const members = [
  'messages',
  'content',
  'role',
  'tool_calls',
  'function',
  'input',
  'output',
  'type',
  'text',
  'choices',
  'delta',
  'message',
  'audio',
  'data',
  'error',
  'response',
  '__proto__',
  'item',
  'transcript',
  'tools',
]
const values = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom('message', 'function_call', 'text', 'input_image', 'response.completed', 'a'),
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...members), tie('value'), { maxKeys: 5 }),
  ),
})).value

// One hostile body must not end the export of all others.
test('any bytes of any operation give a conversation that can be written as JSON', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
    values.map(value => Buffer.from(JSON.stringify(value))),
    fc.array(values, { maxLength: 5 }).map(documents => Buffer.from(events(documents))),
  )
  const cut = fc.tuple(body, fc.nat(400)).map(([bytes, length]) => bytes.subarray(0, length))
  const one = fc.tuple(
    fc.constantFrom(...names),
    fc.constantFrom(...types),
    fc.constantFrom(...types),
    fc.boolean(),
    cut,
    cut,
  )
  fc.assert(
    fc.property(one, ([operation, requestContentType, responseContentType, stream, request, response]) => {
      const made = conversationOf({ operation, requestContentType, responseContentType, stream, request, response })
      for (const { role, text } of made.messages) assert.deepEqual([typeof role, typeof text], ['string', 'string'])
      assert.deepEqual(JSON.parse(JSON.stringify(made)), made)
    }),
    { numRuns: 1_000 },
  )
})
