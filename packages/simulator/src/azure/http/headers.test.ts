import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import type { AzureSimulator } from '../../types.ts'
import { ask, call, chatPath, lastLine, later, simulator } from '../testkit.fixture.ts'

interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Sends the path as it is; `fetch` would normalise it. */
function send(
  sim: AzureSimulator,
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<RawAnswer> {
  const { port } = new URL(sim.url)
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path, headers }, response => {
      response.resume()
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

const json = { 'content-type': 'application/json' }
const limitNames = ['limit', 'remaining', 'renewalperiod'].flatMap(what => [
  `x-ratelimit-${what}-requests`,
  `x-ratelimit-${what}-tokens`,
])

// A gateway with limits of its own must replace these headers, and one without must not depend on their absence.
test('S8 every answer of a model has its limits, whether or not any is set', async t => {
  const deployments = { 'gpt-4o': { model: 'gpt-4o' }, bounded: { model: 'gpt-4o', requestsPerMinute: 60 } }
  const sim = await simulator(t, { deployments })
  const answers = [
    await call(sim, chatPath(), ask('Hi')),
    await call(sim, chatPath(), ask('Hi', { stream: true })),
    await call(sim, chatPath(), ask('Hi', { wibble: 1 })),
    await call(sim, chatPath('bounded'), ask('Hi')),
    await call(sim, '/v1/responses', { model: 'gpt-4o', input: 'Hi' }),
    await call(sim, chatPath(), ask('Hi'), { 'x-simulator-fault': 'content-filter' }),
  ]
  for (const { headers, status } of answers) {
    for (const name of limitNames) assert.match(headers.get(name) ?? '', /^\d+$/, `${name} on ${status}`)
    assert.equal(headers.get('x-ratelimit-renewalperiod-tokens'), '60')
  }
  assert.equal(answers[0]?.headers.get('x-ms-is-spilled-over'), 'false')
  assert.equal(answers[3]?.headers.get('x-ratelimit-remaining-requests'), '59')
})

test('S8 hosts report resets in seconds or in milliseconds', async t => {
  const options = { clock: () => 5, deployments: { 'gpt-4o': { model: 'gpt-4o', requestsPerMinute: 120 } } } as const
  const reset = async (rateLimitResets?: 'seconds' | 'milliseconds'): Promise<string | null> => {
    const sim = await simulator(t, rateLimitResets === undefined ? options : { ...options, rateLimitResets })
    return (await call(sim, chatPath(), ask('Hi'))).headers.get('x-ratelimit-reset-requests')
  }
  assert.equal(await reset(), '60')
  assert.equal(await reset('seconds'), '60')
  assert.equal(await reset('milliseconds'), '500')
})

test('S9 a 429 has the current wording, and names the limit that has run out', async t => {
  const deployments = { mini: { model: 'gpt-4o-mini', tokensPerMinute: 50, requestsPerMinute: 6_000 } }
  const sim = await simulator(t, { clock: () => 5, region: 'swedencentral', deployments })
  await call(sim, chatPath('mini'), ask('Hi', { max_tokens: 40 }))
  const refused = await call(sim, chatPath('mini'), ask('Hi', { max_tokens: 40 }))
  assert.equal(refused.status, 429)
  assert.deepEqual(refused.json, {
    error: {
      code: 'RateLimitReached',
      message:
        'Your requests to mini for gpt-4o-mini in Sweden Central have exceeded the token rate limit for your current AIServices S0 pricing tier. This request was for ChatCompletions_Create under Azure OpenAI API version 2024-10-21. Please retry after 60 seconds. To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease.',
    },
  })
  assert.equal(refused.headers.get('x-ratelimit-type'), 'tokens')
  const asked = await call(sim, '/v1/chat/completions', ask('Hi', { model: 'mini' }), { 'x-simulator-fault': '429' })
  assert.equal(asked.headers.get('x-ratelimit-type'), 'requests')
  assert.match(asked.text, /call rate limit.*API version \d{4}-\d\d-\d\d/)
})

test('S11 region, content type, ids and the model’s own headers are those of the service', async t => {
  const sim = await simulator(t, { region: 'eastus2' })
  const chat = await call(sim, chatPath(), ask('Hi'))
  assert.equal(chat.headers.get('x-ms-region'), 'East US 2')
  assert.equal(chat.headers.get('content-type'), 'application/json')
  assert.notEqual(chat.headers.get('x-request-id'), chat.headers.get('apim-request-id'))
  assert.equal((await lastLine(sim)).requestId, chat.headers.get('apim-request-id'))
  assert.match(chat.headers.get('azureml-model-session') ?? '', /^d\w+-\d{14}$/)
  assert.equal(chat.headers.get('x-accel-buffering'), 'no')
  const filtered = await call(sim, chatPath(), ask('Hi'), { 'x-simulator-fault': 'content-filter' })
  assert.deepEqual([filtered.status, filtered.headers.get('x-request-id')], [400, null])
  assert.ok(filtered.headers.get('apim-request-id'))
  const response = await call(sim, '/v1/responses', { model: 'gpt-4o', input: 'Hi' })
  for (const name of ['azure-openai-data-collection', 'x-ms-oai-backend-host', 'x-ms-oai-clip-host'])
    assert.ok(response.headers.get(name), name)
  for (const name of ['azureml-model-session', 'x-accel-buffering', 'x-ms-rai-invoked'])
    assert.equal(response.headers.get(name), null, name)
})

// Web pages call with a key or a token of their own; without these headers they see only a network error.
test('S15 browsers may call from any origin, errors included, and a preflight is not billed', async t => {
  const sim = await simulator(t, { keys: ['some-key-of-16-characters'] })
  const asks = {
    origin: 'https://app.contoso.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
  }
  for (const path of [
    `/openai${chatPath()}`,
    `//openai${chatPath()}`,
    '/openai/v1/responses',
    '/openai/v1/files/file-1',
  ]) {
    const { status, headers } = await send(sim, 'OPTIONS', path, asks)
    assert.deepEqual(
      [status, headers['access-control-allow-origin'], headers['access-control-allow-headers']],
      [200, '*', asks['access-control-request-headers']],
      path,
    )
    assert.match(String(headers['access-control-allow-methods']), /POST/)
  }
  assert.equal(sim.bill().length, 0)
  assert.equal((await send(sim, 'OPTIONS', '/openai/v1/wibble', asks)).status, 404)
  assert.equal((await send(sim, 'OPTIONS', `/openai${chatPath()}`, {})).status, 404)
  const refused = await call(sim, chatPath(), ask('Hi'))
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, '*'])
  const good = await call(sim, chatPath(), ask('Hi'), { 'api-key': 'some-key-of-16-characters' })
  assert.deepEqual([good.status, good.headers.get('access-control-allow-origin')], [200, '*'])
})

// The portal shows endpoints with a slash at their end, and older clients add another one.
test('S3 C5 one empty segment before openai is accepted, and no other', async t => {
  const sim = await simulator(t)
  const body = JSON.stringify(ask('Hi', { model: 'gpt-4o' }))
  const statusOf = async (path: string): Promise<number> => (await send(sim, 'POST', path, json, body)).status
  assert.equal(await statusOf(`//openai${chatPath('gpt-4o', later)}`), 200)
  assert.equal(await statusOf('//openai/v1/chat/completions'), 200)
  for (const path of ['///openai/v1/chat/completions', '/openai//v1/chat/completions', '//v1/chat/completions', '//'])
    assert.equal(await statusOf(path), 404, path)
})
