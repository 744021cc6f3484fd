import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRecord, type JsonRecord } from '../json.ts'
import { ask, call, chatPath, frames, lastLine, later, raw, simulator, version } from './testkit.fixture.ts'

const deployments = {
  'gpt-4o': { model: 'gpt-4o' },
  'gpt-5': { model: 'gpt-5' },
  'o4-mini': { model: 'o4-mini' },
  instruct: { model: 'gpt-35-turbo-instruct' },
  vectors: { model: 'text-embedding-3-small' },
  mistral: { model: 'mistral-small-2503', refusesStreamOptions: true },
} as const

const errorOf = (json: JsonRecord): JsonRecord => (isRecord(json.error) ? json.error : {})

// A member that a gateway or an SDK adds by mistake would pass here and break every call at the service.
test('S2 members that the service does not know are refused', async t => {
  const sim = await simulator(t, { deployments })
  const one = await call(sim, chatPath(), ask('Hi', { wibble: 1 }))
  assert.equal(one.status, 400)
  assert.deepEqual(errorOf(one.json), {
    message: 'Unrecognized request argument supplied: wibble',
    type: 'invalid_request_error',
    param: null,
    code: null,
  })
  const two = await call(sim, '/v1/chat/completions', ask('Hi', { model: 'gpt-4o', wibble: 1, input: 'Hi' }))
  assert.equal(errorOf(two.json).message, 'Unrecognized request arguments supplied: wibble, input')
  const under = (name: string, operation: string): string => `/deployments/${name}/${operation}?api-version=${version}`
  assert.equal((await call(sim, under('instruct', 'completions'), { prompt: 'Hi', messages: [] })).status, 400)
  assert.equal((await call(sim, under('vectors', 'embeddings'), { input: 'Hi', stream: true })).status, 400)
  const known = { store: false, metadata: { a: 'b' }, user: 'u', seed: 1, parallel_tool_calls: true, logit_bias: {} }
  assert.equal((await call(sim, chatPath(), ask('Hi', known))).status, 200)
  assert.equal((await lastLine(sim)).status, 200)
})

test('S2 a member of any other name is refused, whatever its value', async t => {
  const sim = await simulator(t, { deployments })
  const names = fc.stringMatching(/^[a-z_]{1,12}$/).map(name => `x_${name}`)
  await fc.assert(
    fc.asyncProperty(names, fc.jsonValue({ maxDepth: 1 }), async (name, value) => {
      const answer = await call(sim, chatPath(), ask('Hi', { [name]: value }))
      assert.deepEqual([answer.status, errorOf(answer.json).code], [400, null])
    }),
    { numRuns: 20 },
  )
})

// Defaults that SDKs set for other models end every call to a model that reasons.
test('table: models that reason refuse sampling parameters', async t => {
  const sim = await simulator(t, { deployments })
  const refused: readonly (readonly [JsonRecord, string])[] = [
    [{ temperature: 0.2 }, 'unsupported_value'],
    [{ temperature: 0 }, 'unsupported_value'],
    [{ top_p: 0.9 }, 'unsupported_value'],
    [{ presence_penalty: 1 }, 'unsupported_value'],
    [{ logprobs: true }, 'unsupported_parameter'],
    [{ max_tokens: 5 }, 'unsupported_parameter'],
  ]
  for (const name of ['gpt-5', 'o4-mini']) {
    for (const [more, code] of refused) {
      const answer = await call(sim, chatPath(name, later), ask('Hi', more))
      assert.deepEqual([answer.status, errorOf(answer.json).code], [400, code], `${name} ${JSON.stringify(more)}`)
    }
    assert.equal((await call(sim, chatPath(name, later), ask('Hi', { temperature: 1, top_p: 1 }))).status, 200)
  }
  const said = await call(sim, chatPath('gpt-5', later), ask('Hi', { temperature: 0.2 }))
  const { message, param } = errorOf(said.json)
  assert.equal(param, 'temperature')
  assert.match(
    String(message),
    /^Unsupported value: 'temperature' does not support 0\.2 with this model\. Only the default \(1\)/,
  )
  assert.equal((await call(sim, chatPath(), ask('Hi', { temperature: 0.2 }))).status, 200)
})

test('table: top_logprobs without logprobs, two maxima, and GPT-5 under an old api-version are refused', async t => {
  const sim = await simulator(t, { deployments })
  assert.equal((await call(sim, chatPath(), ask('Hi', { top_logprobs: 2 }))).status, 400)
  assert.equal((await call(sim, chatPath(), ask('Hi', { logprobs: true, top_logprobs: 2 }))).status, 200)
  const both = await call(sim, chatPath(), ask('Hi', { max_tokens: 5, max_completion_tokens: 5 }))
  assert.deepEqual([both.status, errorOf(both.json).param], [400, 'max_tokens'])
  const old = await call(sim, chatPath('gpt-5', '2024-06-01'), ask('Hi'))
  assert.equal(old.status, 400)
  assert.match(String(errorOf(old.json).message), /enabled only for api versions/)
  assert.equal((await call(sim, '/v1/chat/completions', ask('Hi', { model: 'gpt-5' }))).status, 200)
})

test("table: an embedding's text of more than 8,192 tokens is refused, each text by itself", async t => {
  const sim = await simulator(t, { deployments })
  const embed = (input: unknown) => call(sim, '/v1/embeddings', { model: 'vectors', input })
  const words = (count: number): string => ' word'.repeat(count)
  const long = await embed(words(9_001))
  assert.equal(long.status, 400)
  assert.match(
    String(errorOf(long.json).message),
    /maximum context length is 8192 tokens, however you requested 9001 tokens/,
  )
  assert.equal((await embed(['short', words(9_001)])).status, 400)
  assert.equal((await embed(Array.from({ length: 9_001 }, () => 7))).status, 400)
  assert.equal((await embed([words(8_192), words(8_000)])).status, 200)
})

// A cost at another price must be visible.
test('table: the answer and the bill name the service tier of the call', async t => {
  const sim = await simulator(t, { deployments })
  const whole = await call(sim, chatPath(), ask('Hi', { service_tier: 'priority' }))
  assert.equal(whole.json.service_tier, 'priority')
  assert.equal((await lastLine(sim)).serviceTier, 'priority')
  const streamed = await call(sim, chatPath(), ask('Hi', { service_tier: 'flex', stream: true }))
  const chunks = frames(streamed.text).filter(isRecord).slice(1)
  assert.ok(chunks.every(chunk => chunk.service_tier === 'flex'))
  assert.equal((await lastLine(sim)).serviceTier, 'flex')
  assert.equal((await call(sim, chatPath(), ask('Hi', { service_tier: 'auto' }))).json.service_tier, 'default')
  assert.ok(!('service_tier' in (await call(sim, chatPath(), ask('Hi'))).json))
  assert.equal((await lastLine(sim)).serviceTier, 'default')
  assert.equal((await call(sim, chatPath(), ask('Hi', { service_tier: 'gold' }))).status, 400)
})

test('table: sounds in chat are audio tokens of the prompt', async t => {
  const sim = await simulator(t, { deployments })
  const data = Buffer.alloc(32_000 * 3).toString('base64')
  const content = [
    { type: 'text', text: 'What is said?' },
    { type: 'input_audio', input_audio: { data, format: 'wav' } },
  ]
  const { json } = await call(sim, chatPath(), { messages: [{ role: 'user', content }] })
  const usage = json.usage as { prompt_tokens: number; prompt_tokens_details: { audio_tokens: number } }
  assert.equal(usage.prompt_tokens_details.audio_tokens, 30)
  assert.ok(usage.prompt_tokens > 35 && usage.prompt_tokens < 50)
})

// Models of other makers refuse unknown members in their own words, and report usage without being asked.
test('F5 a deployment that refuses stream_options answers 422, and reports usage in its last chunk', async t => {
  const sim = await simulator(t, { deployments })
  const body = ask('Hi', { model: 'mistral', stream: true })
  const refused = await call(sim, '/v1/chat/completions', { ...body, stream_options: { include_usage: true } })
  assert.equal(refused.status, 422)
  assert.deepEqual([errorOf(refused.json).code, errorOf(refused.json).status], ['Invalid input', 422])
  assert.match(refused.text, /extra_forbidden.*stream_options.*include_usage/)
  assert.equal((await lastLine(sim)).promptTokens, 0)
  const plain = frames((await call(sim, '/v1/chat/completions', body)).text)
  const last = plain.at(-2)
  assert.ok(isRecord(last) && isRecord(last.usage) && Array.isArray(last.choices) && last.choices.length === 1)
  const line = await lastLine(sim)
  assert.deepEqual([line.usageReported, line.completionTokens], [true, last.usage.completion_tokens])
})

// Recorded once at the service; a client that takes the smaller value does not wait at all.
test('C7 a 429 can have retry-after 1 and retry-after-ms 0', async t => {
  const sim = await simulator(t, { deployments })
  sim.setFault({ kind: '429', 'retry-after': 1, 'retry-after-ms': 0 })
  const { status, headers } = await call(sim, chatPath(), ask('Hi'))
  assert.deepEqual([status, headers.get('retry-after'), headers.get('retry-after-ms')], [429, '1', '0'])
  sim.setFault(null)
  const cut = await raw(sim, chatPath(), ask('Hi'), { 'x-simulator-fault': '429;retry-after=1;retry-after-ms=0' })
  assert.equal(cut.status, 429)
})
