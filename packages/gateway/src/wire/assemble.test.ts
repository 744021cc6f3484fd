import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assemble, createAssembler } from './assemble.ts'
import type { Assembled } from './assembled.ts'
import { parseCutJson } from './cut-json.ts'
import { createSseParser, type ServerSentEvent } from './sse.ts'

const utf8 = new TextEncoder()

function events(...bodies: readonly (object | string)[]): string {
  return bodies.map(body => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`).join('')
}

const chatStream = events(
  { id: '', model: '', created: 0, choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
  {
    id: 'chatcmpl-1',
    model: 'gpt-4o-2024-11-20',
    choices: [{ index: 0, delta: { role: 'assistant', content: '' } }],
    usage: null,
  },
  { id: 'chatcmpl-1', model: 'gpt-4o-2024-11-20', choices: [{ index: 0, delta: { content: 'Grüße ' } }] },
  {
    id: 'chatcmpl-1',
    choices: [
      { index: 1, delta: { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'find', arguments: '' } }] } },
    ],
  },
  { id: 'chatcmpl-1', choices: [{ index: 0, delta: { content: 'an 東京 😀' } }] },
  {
    id: 'chatcmpl-1',
    choices: [{ index: 1, delta: { tool_calls: [{ index: 0, function: { arguments: '{"q":' } }] } }],
  },
  {
    id: 'chatcmpl-1',
    choices: [
      { index: 1, delta: { tool_calls: [{ index: 0, function: { arguments: '1}' } }] }, finish_reason: 'tool_calls' },
    ],
  },
  { id: 'chatcmpl-1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  {
    id: 'chatcmpl-1',
    choices: [],
    usage: {
      prompt_tokens: 9,
      completion_tokens: 7,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    },
  },
  '[DONE]',
)

const chatSaid: Assembled = {
  id: 'chatcmpl-1',
  model: 'gpt-4o-2024-11-20',
  serviceTier: null,
  choices: [
    { index: 0, text: 'Grüße an 東京 😀', refusal: null, reasoning: null, toolCalls: [], finishReason: 'stop' },
    {
      index: 1,
      text: '',
      refusal: null,
      reasoning: null,
      toolCalls: [{ id: 'call_1', name: 'find', arguments: '{"q":1}' }],
      finishReason: 'tool_calls',
    },
  ],
  usage: {
    promptTokens: 9,
    completionTokens: 7,
    totalTokens: 16,
    cachedTokens: 4,
    reasoningTokens: 2,
    audioPromptTokens: null,
    audioCompletionTokens: null,
    imagePromptTokens: null,
    imageCompletionTokens: null,
  },
  usageSoFar: false,
  error: null,
  complete: true,
}

// An auditor reads this instead of the raw events: a lost choice or tool call is a hole in the record.
test('a chat stream is assembled with its choices, tool calls, usage, model and end', () => {
  assert.deepEqual(assemble('chat/completions', true, utf8.encode(chatStream)), chatSaid)
})

test('a chat document gives the same result as its stream', () => {
  const document = {
    id: 'chatcmpl-1',
    model: 'gpt-4o-2024-11-20',
    choices: [
      { index: 0, message: { content: 'Grüße an 東京 😀' }, finish_reason: 'stop' },
      {
        index: 1,
        message: { content: null, tool_calls: [{ id: 'call_1', function: { name: 'find', arguments: '{"q":1}' } }] },
        finish_reason: 'tool_calls',
      },
    ],
    usage: {
      prompt_tokens: 9,
      completion_tokens: 7,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    },
  }
  assert.deepEqual(assemble('chat/completions', false, utf8.encode(JSON.stringify(document))), chatSaid)
})

const responsesStream = [
  ['response.created', { response: { id: 'resp_1', model: 'gpt-4o', status: 'in_progress', output: [] } }],
  ['response.output_item.added', { output_index: 0, item: { type: 'message', content: [] } }],
  ['response.output_text.delta', { output_index: 0, delta: 'Hel' }],
  ['response.output_text.delta', { output_index: 0, delta: 'lo' }],
  [
    'response.output_item.added',
    { output_index: 1, item: { type: 'function_call', call_id: 'call_9', name: 'find', arguments: '' } },
  ],
  ['response.function_call_arguments.delta', { output_index: 1, delta: '{"a"' }],
  ['response.function_call_arguments.delta', { output_index: 1, delta: ':2}' }],
] as const
const responsesEnd = {
  response: {
    id: 'resp_1',
    model: 'gpt-4o',
    status: 'completed',
    output: [
      { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] },
      { type: 'function_call', call_id: 'call_9', name: 'find', arguments: '{"a":2}' },
    ],
    usage: {
      input_tokens: 3,
      output_tokens: 5,
      total_tokens: 8,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 1 },
    },
  },
}

function typed(type: string, body: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`
}

// Responses names everything differently: a reader for chat only would record nothing.
test('a stream of Responses is assembled from its deltas, and its last event agrees', () => {
  const deltas = responsesStream.map(([type, body]) => typed(type, body)).join('')
  const open = assemble('responses', true, utf8.encode(deltas))
  const closed = assemble('responses', true, utf8.encode(deltas + typed('response.completed', responsesEnd)))
  const said = [
    {
      index: 0,
      text: 'Hello',
      refusal: null,
      reasoning: null,
      toolCalls: [{ id: 'call_9', name: 'find', arguments: '{"a":2}' }],
    },
  ]
  assert.deepEqual(
    open.choices,
    said.map(choice => ({ ...choice, finishReason: null })),
  )
  assert.deepEqual(
    closed.choices,
    said.map(choice => ({ ...choice, finishReason: 'completed' })),
  )
  assert.deepEqual([open.complete, closed.complete], [false, true])
  assert.deepEqual(
    [closed.usage?.promptTokens, closed.usage?.completionTokens, closed.usage?.reasoningTokens],
    [3, 5, 1],
  )
  assert.deepEqual(
    assemble('responses', false, utf8.encode(JSON.stringify(responsesEnd.response))).choices,
    closed.choices,
  )
})

test('the text of completions and the usage of embeddings are found', () => {
  const stream = events(
    { id: 'cmpl-1', model: 'm', choices: [{ index: 0, text: 'one ' }] },
    { choices: [{ index: 0, text: 'two', finish_reason: 'length' }] },
  )
  const completion = assemble('completions', true, utf8.encode(stream)).choices[0]
  assert.deepEqual([completion?.text, completion?.finishReason], ['one two', 'length'])
  const embeddings = assemble(
    'embeddings',
    false,
    utf8.encode('{"model":"e","data":[],"usage":{"prompt_tokens":5,"total_tokens":5}}'),
  )
  assert.deepEqual(
    [embeddings.model, embeddings.usage?.promptTokens, embeddings.usage?.completionTokens],
    ['e', 5, null],
  )
})

// A backend that fails in the middle of a stream reports it in a frame. Without it the record would show a short
// answer.
test('errors are found in documents of both shapes, in a frame, and in a document that came instead of a stream', () => {
  const filtered = '{"error":{"message":"filtered","type":null,"code":"content_filter"}}'
  const expected = { code: 'content_filter', type: null, message: 'filtered' }
  assert.deepEqual(assemble('chat/completions', false, utf8.encode(filtered)).error, expected)
  assert.deepEqual(assemble('chat/completions', true, utf8.encode(` \n${filtered}`)).error, expected)
  assert.deepEqual(assemble('chat/completions', true, utf8.encode(events(filtered))).error, expected)
  const azure = assemble('chat/completions', false, utf8.encode('{"statusCode":401,"message":"Unauthorized"}'))
  assert.deepEqual(azure.error, { code: '401', type: null, message: 'Unauthorized' })
  const failed = typed('response.failed', {
    response: { status: 'failed', error: { code: 'server_error', message: 'sorry' } },
  })
  assert.equal(assemble('responses', true, utf8.encode(failed)).error?.code, 'server_error')
  assert.equal(
    assemble('responses', true, utf8.encode(typed('error', { code: 'x', message: 'y' }))).error?.message,
    'y',
  )
})

const streams = fc.constantFrom(
  ['chat/completions', chatStream] as const,
  ['chat/completions', `\ufeff: hi\r\n${chatStream.replaceAll('\n', '\r\n')}`] as const,
  ['chat/completions', chatStream.replaceAll('\n', '\r').replaceAll('data: ', 'data:')] as const,
  [
    'responses',
    responsesStream.map(([type, body]) => typed(type, body)).join('') + typed('response.completed', responsesEnd),
  ] as const,
  ['chat/completions', '{"choices":[{"index":0,"message":{"content":"als ein Dokument, größer"}}]}'] as const,
)

// The network splits bytes by chance; the record must not depend on it.
test('any split of the bytes gives the same result, also within characters and line ends', () => {
  fc.assert(
    fc.property(
      streams,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      ([operation, text], sizes) => {
        const bytes = utf8.encode(text)
        const assembler = createAssembler(operation, true)
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1
          assembler.push(bytes.subarray(at, at + size))
          at += size
        }
        assert.deepEqual(assembler.result(), assemble(operation, true, bytes))
      },
    ),
    { numRuns: 300 },
  )
})

// Clients and backends leave at any byte. The record must have what was said until then, and no more.
test('bytes that are cut off anywhere give the beginning of the whole result', () => {
  for (const [operation, text, stream] of [
    ['chat/completions', chatStream, true],
    [
      'chat/completions',
      JSON.stringify({ choices: [{ index: 0, message: { content: 'Grüße \\ "an" 東京 \u0007😀' } }] }),
      false,
    ],
  ] as const) {
    const bytes = utf8.encode(text)
    const whole = assemble(operation, stream, bytes).choices[0]?.text ?? ''
    let longest = 0
    for (let end = 0; end <= bytes.length; end += 1) {
      const said = (assemble(operation, stream, bytes.subarray(0, end)).choices[0]?.text ?? '').replace(
        /[\ufffd\ud800-\udbff]$/u,
        '',
      )
      assert.ok(whole.startsWith(said), `${said} at ${end}`)
      assert.ok(said.length >= longest, 'never less than before')
      longest = said.length
    }
    assert.equal(longest, whole.length)
  }
})

// Backends may send anything.
test('no bytes of any kind make assembling fail', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map(text => utf8.encode(`data: ${text}\n\n`)),
      ),
      fc.boolean(),
      (bytes, stream) => {
        for (const operation of ['chat/completions', 'completions', 'responses', 'embeddings'])
          assemble(operation, stream, bytes)
      },
    ),
    { numRuns: 500 },
  )
})

test('a document that is cut anywhere parses to a part of the whole', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(1_000), (value, cut) => {
      const text = JSON.stringify(value)
      assert.deepEqual(parseCutJson(text), { value: JSON.parse(text), whole: true })
      const end = cut % Math.max(1, text.length)
      const part = parseCutJson(text.slice(0, end))
      if (Array.isArray(value) && Array.isArray(part?.value)) assert.ok(part.value.length <= value.length)
      // From the first bracket or quote on, a value can be read.
      if (end > 0 && /^[[{"]/.test(text)) assert.notEqual(part, null, text.slice(0, end))
    }),
    { numRuns: 1_000 },
  )
})

// A row per rule of the specification; each is used by some server.
test('server-sent events are parsed as the WHATWG specification says', () => {
  const rows: readonly (readonly [string, readonly ServerSentEvent[]])[] = [
    ['data: a\ndata: b\n\n', [{ type: '', data: 'a\nb' }]],
    ['data:a\n\n', [{ type: '', data: 'a' }]],
    ['data:  a\n\n', [{ type: '', data: ' a' }]],
    ['event: x\r\ndata: a\r\n\r\n', [{ type: 'x', data: 'a' }]],
    [
      'data: a\r\rdata: b\r\r',
      [
        { type: '', data: 'a' },
        { type: '', data: 'b' },
      ],
    ],
    [': comment\ndata: a\nid: 3\nretry: 5\nunknown\n\n', [{ type: '', data: 'a' }]],
    ['data\n\n', [{ type: '', data: '' }]],
    ['event: x\n\ndata: a\n\n', [{ type: '', data: 'a' }]],
    ['\ufeffdata: a\n\n', [{ type: '', data: 'a' }]],
    ['data: never ended', []],
    ['data: without its blank line\n', []],
  ]
  for (const [text, expected] of rows) {
    const seen: ServerSentEvent[] = []
    createSseParser(event => seen.push(event)).push(utf8.encode(text))
    assert.deepEqual(seen, expected, JSON.stringify(text))
  }
})
