import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { ConfigInput } from '../../../config/schema/index.ts'
import { dataSourceMembers } from '../../../wire/backends.ts'
import { authenticatedOf, type CallOptions, person, planOf, sampleWith } from '../../exchange.fixture.ts'
import type { Received } from '../../exchange.ts'
import { authorize } from '../3-authorize/index.ts'
import { BodyBudget, BodyHold } from './budget.ts'
import { type ReceiveParts, receive } from './index.ts'

const receiveLimits = { bodyBytesMax: 10_000, uploadBytesMax: 20_000, timeoutMs: 1_000 }
const parts: ReceiveParts = { receiveLimits, random: () => 0.999 }

interface Options extends Omit<CallOptions, 'body'> {
  readonly json?: unknown
  readonly bytes?: Buffer
  readonly workload?: Partial<ConfigInput['workloads'][string]>
}

interface Outcome {
  readonly request: Received['request']
  /** The body that the backend gets. */
  readonly sent: unknown
  readonly hold: BodyHold
}

async function receiveCall({ json, bytes, workload = {}, headers = {}, ...options }: Options): Promise<Outcome> {
  const plan = planOf(sampleWith({ deployments: ['gpt-4o'], ...workload }))
  const body = bytes ?? (json === undefined ? undefined : Buffer.from(JSON.stringify(json)))
  const all = { 'x-gatehouse-workload': 'people', 'content-type': 'application/json', ...headers }
  const exchange = authorize(
    authenticatedOf({ ...options, headers: all, ...(body === undefined ? {} : { body }) }, person, plan),
  )
  const hold = new BodyHold(new BodyBudget({ bytesMax: 100_000, callerBytesMax: 100_000 }))
  const received = await receive(exchange, hold, parts)
  assert.equal(received, exchange, 'the same object')
  const { send } = received.request
  return {
    request: received.request,
    sent: send instanceof Buffer && send[0] === 0x7b ? JSON.parse(send.toString()) : send,
    hold,
  }
}

const chat = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] }

test('the model of the body is the deployment, and the body goes on unchanged', async () => {
  const { request, sent, hold } = await receiveCall({ json: chat })
  assert.deepEqual(
    [request.deployment, request.requestedModel, request.stream, request.hideUsage],
    ['gpt-4o', 'gpt-4o', false, false],
  )
  assert.equal(request.send, request.received[0], 'no copy is made')
  assert.deepEqual(sent, chat)
  assert.equal(hold.bytes, request.received[0]?.length)
})

test('the deployment of the address wins over the model of the body, which is kept for the record', async () => {
  const url = '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'
  const { request } = await receiveCall({ url, json: { ...chat, model: 'anything' } })
  assert.deepEqual([request.deployment, request.requestedModel], ['gpt-4o', 'anything'])
})

// A deployment that only the body names is authorised here; a gap would let every caller use every deployment.
test('a deployment that the workload may not use is refused, wherever the call names it', async () => {
  const refused = { code: 'deployment_not_allowed', status: 403 }
  await assert.rejects(receiveCall({ json: { ...chat, model: 'o1' } }), { ...refused, param: 'model' })
  const headers = { 'x-ms-oai-image-generation-deployment': 'o1' }
  await assert.rejects(receiveCall({ url: '/v1/responses', json: { model: 'gpt-4o', input: 'x' }, headers }), refused)
})

test('a call on a deployment must name its model', async () => {
  for (const model of [undefined, null, '', 7]) {
    await assert.rejects(receiveCall({ json: { ...chat, model } }), { code: 'model_missing', param: 'model' })
  }
})

// Without it, streams report no usage and calls are charged by estimate.
test('a stream whose client does not ask for usage gets stream_options, and the usage is hidden', async () => {
  const plain = await receiveCall({ json: { ...chat, stream: true } })
  assert.deepEqual([plain.request.hideUsage, plain.request.usageOptions], [true, '{"include_usage":true}'])
  assert.deepEqual(plain.sent, { ...chat, stream: true }, 'they are added for each member')

  const kept = await receiveCall({ json: { ...chat, stream: true, stream_options: { include_obfuscation: false } } })
  assert.deepEqual(JSON.parse(kept.request.usageOptions ?? ''), { include_obfuscation: false, include_usage: true })

  const own = await receiveCall({ json: { ...chat, stream: true, stream_options: { include_usage: true } } })
  assert.deepEqual([own.request.hideUsage, own.request.stream], [false, true], 'the client sees what it asked for')
  const old = await receiveCall({
    url: '/openai/deployments/gpt-4o/chat/completions?api-version=2023-05-15',
    json: { ...chat, stream: true },
  })
  assert.deepEqual([old.request.hideUsage, old.request.usageOptions], [false, null], 'the version does not know them')
})

// Azure refuses stream_options together with data sources, so the client would be refused for what the gateway added.
test('a stream with data sources, in either spelling, goes on without stream_options', async () => {
  for (const member of dataSourceMembers) {
    const json = { ...chat, stream: true, [member]: [{ type: 'azure_search', parameters: {} }] }
    const { request, sent } = await receiveCall({ json, workload: { dataSources: 'allow' } })
    assert.deepEqual([request.hideUsage, sent], [false, json], member)
  }
})

test('maxima and answers of the body decide what is reserved', async () => {
  const { request } = await receiveCall({ json: { ...chat, max_tokens: 50, n: 3 } })
  assert.deepEqual([request.answers, request.completionTokensMax], [3, 150])
})

test('objects that the body names are found, with the parameter that names them', async () => {
  const { request } = await receiveCall({
    url: '/v1/responses',
    json: { model: 'gpt-4o', input: 'x', previous_response_id: 'resp_1' },
  })
  assert.deepEqual(
    request.references.map(({ id, kind, param, echoed }) => [id, kind, param, echoed]),
    [['resp_1', 'response', 'previous_response_id', false]],
  )
})

test('a chat completion that is to be stored becomes an object that later calls can name', async () => {
  assert.equal((await receiveCall({ json: { ...chat, store: true } })).request.keeps, 'chat_completion')
  assert.equal((await receiveCall({ json: chat })).request.keeps, null)
})

test('a call without a body reads none', async () => {
  const { request, hold } = await receiveCall({ method: 'GET', url: '/v1/responses/resp_1' })
  assert.deepEqual([request.send, request.received, request.deployment, hold.bytes], [null, [], null, 0])
})

test('an upload is streamed and not held, but its announced size is checked first', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const upload = await receiveCall({ url: '/v1/files', headers: { ...headers, 'content-length': '15000' } })
  assert.deepEqual([upload.request.send, upload.request.received, upload.hold.bytes], ['upload', [], 0])
  await assert.rejects(receiveCall({ url: '/v1/files', headers: { ...headers, 'content-length': '20001' } }), {
    code: 'body_too_large',
  })
  await assert.rejects(receiveCall({ url: '/v1/files', headers: { ...headers, 'content-encoding': 'gzip' } }), {
    code: 'body_encoding',
  })
})

test('a packed body is unpacked for the backend, and kept as it came for the ledger', async () => {
  const bytes = gzipSync(JSON.stringify(chat))
  const { request, sent } = await receiveCall({ bytes, headers: { 'content-encoding': 'gzip' } })
  assert.deepEqual([request.decoded, sent], [true, chat])
  assert.deepEqual(request.received[0], bytes)
})

test('a body that two readers could read differently is refused', async () => {
  const rows = [
    ['{"model":"gpt-4o","model":"o1"}', 'body_duplicate_key'],
    ['{"Model":"o1","model":"gpt-4o"}', 'body_key_spelling'],
    ['{"model":"gpt-4o"', 'body_not_json'],
    ['["gpt-4o"]', 'body_not_json'],
    ['', 'body_not_json'],
  ] as const
  for (const [text, code] of rows) {
    await assert.rejects(receiveCall({ bytes: Buffer.from(text) }), { code }, text)
  }
})

test('a file of a batch must not be uploaded in parts, because its lines would pass uninspected', async () => {
  const json = { purpose: 'batch', filename: 'a', bytes: 1, mime_type: 'application/jsonl' }
  await assert.rejects(receiveCall({ url: '/v1/uploads', json }), { code: 'purpose_not_allowed', param: 'purpose' })
  const other = await receiveCall({ url: '/v1/uploads', json: { ...json, purpose: 'assistants' } })
  assert.equal(other.request.deployment, null)
})
