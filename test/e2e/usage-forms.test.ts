// Usage is the figure that charges and limits are based on. A backend that writes it in another valid form, beside
// megabytes, or under another type must not make calls free.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { type Running, running } from '../support/file-world.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

let upstream: Upstream & Running
before(async () => {
  upstream = await running(startUpstream)
})
after(() => upstream.close())

const chunk = (content: string): string =>
  `{"id":"c1","model":"gpt-4o-2024-11-20","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}`
const last =
  '{"id":"c1","model":"gpt-4o-2024-11-20","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}'
const told = ({ usage }: RecordRow): unknown => [usage.source, usage.promptTokens, usage.completionTokens]
const reported = ['reported', 12, 5]

function answers(
  body: string | Buffer,
  type: string | null = 'text/event-stream',
  more: Readonly<Record<string, string>> = {},
): void {
  upstream.backend.answer = (_request, response) => {
    response.writeHead(200, { ...(type === null ? {} : { 'content-type': type }), ...more })
    response.end(body)
  }
}

const before7 = `data: ${chunk('Hi')}\n\n`
const streams: Readonly<Record<string, readonly [body: string, seen: string, type?: string | null]>> = {
  'F7 the last event has no blank line': [`${before7}data: ${last}\n`, before7],
  'F21 a: data in several lines': [
    `${before7}data: {"choices":[],\ndata: "usage":{"prompt_tokens":12,\ndata: "completion_tokens":5}}\n\n`,
    before7,
  ],
  'F21 b: comments with braces': [`${before7}: ping {x\ndata: ${last}\n\n`, before7],
  'F21 c: lines end in CR': [`data: ${chunk('Hi')}\r\rdata: ${last}\r\r`, `data: ${chunk('Hi')}\r\r`],
  'F21 d: the type in another case': [`${before7}data: ${last}\n\n`, before7, 'Text/Event-Stream'],
  'F21 the type with parameters in an odd form': [
    `${before7}data: ${last}\n\n`,
    before7,
    'text/event-stream ;charset="utf-8"',
  ],
  'F21 no type': [`${before7}data: ${last}\n\n`, before7, null],
  'F21 another type': [`${before7}data: ${last}\n\n`, before7, 'application/octet-stream'],
  'F21 the key is escaped': [`${before7}data: ${last.replace('usage', 'us\\u0061ge')}\n\n`, before7],
}

for (const [name, [body, seen, type]] of Object.entries(streams)) {
  test(`${name}: usage is recorded, and hidden from a client that did not request it`, async () => {
    answers(body, type)
    const { answer, record } = await upstream.call({ stream: true })
    assert.deepEqual([told(record), answer.body.toString()], [reported, seen])
  })
}

test('F21 c: a stream whose lines end in CR is not held back', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  upstream.backend.answer = async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${chunk('first')}\r\r`)
    await promise
    response.end(`data: ${last}\r\r`)
  }
  const connection = await upstream.begin({ stream: true })
  await connection.seen('first')
  resolve()
  assert.ok((await connection.answer())?.body.includes('first'))
  connection.socket.destroy()
})

test('F7 the last event of a response has no blank line: its usage is recorded', async () => {
  const end =
    '{"type":"response.completed","response":{"status":"completed","model":"gpt-4o","usage":{"input_tokens":1000,"output_tokens":500}}}'
  answers(`event: response.completed\ndata: ${end}\n`)
  const { record } = await upstream.call({ model: 'gpt-4o', input: 'Hi', stream: true }, '/openai/v1/responses')
  assert.deepEqual(told(record), ['reported', 1000, 500])
})

test('F6 an image event of 5,000,000 characters is charged', async () => {
  const partial = '{"type":"image_generation.partial_image","b64_json":"AAAA"}'
  const end = `{"type":"image_generation.completed","b64_json":"${'A'.repeat(5_000_000)}","usage":{"total_tokens":4200,"input_tokens":40,"output_tokens":4160}}`
  answers(`data: ${partial}\n\nevent: image_generation.completed\ndata: ${end}\n\n`)
  const body = { model: 'gpt-4o', stream: true, prompt: 'a cat' }
  const { answer, record } = await upstream.call(body, '/openai/v1/images/generations')
  assert.deepEqual([told(record), answer.body.length > 5_000_000], [['reported', 40, 4160], true])
})

test('F6 a response with an image of 5,000,000 characters is charged, and finished', async () => {
  const begun =
    '{"type":"response.created","response":{"id":"resp_1","status":"in_progress","model":"gpt-4o","usage":null}}'
  const item = `{"type":"image_generation_call","id":"ig_1","result":"${'A'.repeat(5_000_000)}"}`
  const end = `{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[${item}],"usage":{"input_tokens":1000,"output_tokens":50}}}`
  answers(`data: ${begun}\n\ndata: ${end}\n\n`)
  const { record } = await upstream.call({ model: 'gpt-4o', input: 'Hi', stream: true }, '/openai/v1/responses')
  assert.deepEqual([told(record), record.finishReason], [['reported', 1000, 50], 'completed'])
})

test('F6 a document of 70,000,000 bytes is charged', async () => {
  const image = `{"b64_json":"${'A'.repeat(7_000_000)}"}`
  const body = `{"created":1,"data":[${Array.from({ length: 10 }, () => image).join(',')}],"usage":{"input_tokens":40,"output_tokens":4160,"total_tokens":4200}}`
  answers(body, 'application/json', { 'content-length': String(body.length) })
  const { record } = await upstream.call({ model: 'gpt-4o', prompt: 'cats', n: 10 }, '/openai/v1/images/generations')
  assert.deepEqual(told(record), ['reported', 40, 4160])
})

test('an answer that is compressed without being requested is charged, and passes unchanged', async () => {
  const bytes = gzipSync(last)
  answers(bytes, 'application/json', { 'content-encoding': 'gzip' })
  const { answer, record } = await upstream.call()
  assert.deepEqual([told(record), answer.body, answer.headers['content-encoding']], [reported, bytes, 'gzip'])
  answers(gzipSync(`${before7}data: ${last}\n\n`), 'text/event-stream', { 'content-encoding': 'GZIP' })
  assert.deepEqual(told((await upstream.call({ stream: true })).record), reported)
})

test('the tier that the answer names is recorded', async () => {
  answers(last.replace('{', '{"service_tier":"priority",'), 'application/json')
  assert.equal((await upstream.call({ service_tier: 'auto' })).record.serviceTier, 'priority')
})
