import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pace } from './latency.ts'
import { limitsOf } from './limits.ts'
import { modelFacts } from './models.ts'
import { sequence } from './seed.ts'
import { ask, call, chatPath, lastLine, raw, simulator } from './testkit.ts'

// Clients steer by these headers; a limiter that is tested against them must meet a real one.
test('standard deployments count tokens and requests by the minute, and say when the minute is over', async t => {
  let now = 1_000_000
  const sim = await simulator(t, {
    clock: () => now,
    deployments: { 'gpt-4o': { model: 'gpt-4o', requestsPerMinute: 3, tokensPerMinute: 100_000 } },
  })
  const left = async (): Promise<(string | null)[]> => {
    const { status, headers } = await call(sim, chatPath(), ask('Hello', { max_tokens: 50 }))
    return [
      String(status),
      headers.get('x-ratelimit-remaining-requests'),
      headers.get('retry-after'),
      headers.get('retry-after-ms'),
    ]
  }
  assert.deepEqual(await left(), ['200', '2', null, null])
  now += 15_500
  assert.deepEqual(await left(), ['200', '1', null, null])
  assert.deepEqual(await left(), ['200', '0', null, null])
  assert.deepEqual(await left(), ['429', '0', '45', '44500'])
  assert.equal((await lastLine(sim)).promptTokens, 0)
  now += 44_500
  assert.deepEqual(await left(), ['200', '2', null, null])
})

test('the token limit takes prompt and max_tokens before the answer, and the answer itself where none is given', async t => {
  const sim = await simulator(t, {
    clock: () => 5,
    deployments: { 'gpt-4o': { model: 'gpt-4o', tokensPerMinute: 1_000 } },
  })
  const bounded = await call(sim, chatPath(), ask('Hello', { max_tokens: 600 }))
  assert.equal(bounded.headers.get('x-ratelimit-limit-tokens'), '1000')
  assert.equal(Number(bounded.headers.get('x-ratelimit-remaining-tokens')), 400 - (await lastLine(sim)).promptTokens)
  assert.equal((await call(sim, chatPath(), ask('Hello', { max_tokens: 600 }))).status, 429)
  await call(sim, chatPath(), ask('Hello'))
  const spent = await lastLine(sim)
  const after = await call(sim, chatPath(), ask('Hello', { max_tokens: 1 }))
  const expected = 400 - spent.promptTokens * 3 - spent.completionTokens - 1
  assert.equal(Number(after.headers.get('x-ratelimit-remaining-tokens')), expected)
})

// Spilling before the 429 needs the utilisation on every answer.
test('provisioned deployments tell their utilisation and refuse above 100 % until they have drained', async t => {
  let now = 0
  const limits = limitsOf({ model: 'gpt-4o', kind: 'provisioned', tokensPerMinute: 6_000 }, () => now)
  assert.ok(limits)
  const headers: Record<string, string> = {}
  const take = (tokens: number): string | undefined => {
    limits.take({ tokens, azureName: 'X', apiVersion: 'v1' }, headers)
    return headers['azure-openai-deployment-utilization']
  }
  assert.equal(take(3_000), '50.0%')
  now = 15_000
  assert.equal(take(1_500), '50.0%')
  assert.equal(take(6_000), '150.0%')
  assert.throws(() => take(1), { status: 429, headers: { 'retry-after': '31', 'retry-after-ms': '30001' } })
  now = 45_001
  assert.equal(take(0), '100.0%')
  const sim = await simulator(t, { deployments: { 'gpt-4o': { model: 'gpt-4o', kind: 'provisioned' } } })
  const answer = await call(sim, chatPath(), ask('Hello'))
  assert.equal(answer.headers.get('azure-openai-deployment-utilization'), '0.0%')
  assert.equal(answer.headers.get('x-ratelimit-remaining-tokens'), null)
})

// A demonstration with a moved clock and a benchmark with real timers rest on the same arithmetic.
test('latency adds up to time to first token plus tokens over speed, within the jitter', async () => {
  for (const jitter of [0, 0.3]) {
    let now = 0
    const sleep = async (ms: number): Promise<void> => {
      now += ms + 0.4
    }
    const spec = { model: 'gpt-4o', timeToFirstTokenMs: 200, tokensPerSecond: 50, jitter }
    const steps = pace(spec, sequence(3), sleep, () => now, new AbortController().signal)
    await steps.firstToken()
    const firstMs = now
    assert.ok(Math.abs(firstMs - 200) <= 200 * jitter + 1)
    for (let token = 0; token < 500; token += 1) await steps.tokens(1)
    const share = (now - firstMs) / 10_000
    assert.ok(share > 1 - jitter / 2 - 0.01 && share < 1 + jitter / 2 + 0.01, String(share))
  }
})

// Free usage by leaving early is the oldest trick: production must stop and the bill must keep what was sent.
test('a client that leaves a slow stream stops it, and is charged what was sent', async t => {
  const sim = await simulator(t, { deployments: { 'gpt-4o': { model: 'gpt-4o', tokensPerSecond: 100 } } })
  const whole = await call(sim, chatPath(), ask('Explain payroll.', { max_tokens: 8 }))
  assert.equal(whole.status, 200)
  const left = await raw(sim, chatPath(), ask('Explain payroll.', { stream: true }), {}, 6)
  assert.equal(left.broken, true)
  const line = await lastLine(sim)
  assert.equal(line.clientGone, true)
  assert.ok(line.completionTokens >= 4 && line.completionTokens <= 8, String(line.completionTokens))
})

test('the bill shows a call while it runs', async t => {
  const sim = await simulator(t)
  const running = raw(sim, chatPath(), ask('Explain payroll.', { stream: true }), {
    'x-simulator-fault': 'stall;after=5',
    'x-gatehouse-request-id': 'g-7',
  })
  while ((sim.bill()[0]?.completionTokens ?? 0) < 3) await new Promise(resolve => setImmediate(resolve))
  const [line] = sim.bill()
  assert.deepEqual([line?.ended, line?.gatehouseRequestId, line?.stream, line?.status], [false, 'g-7', true, 200])
  await sim.close()
  assert.equal((await running).broken, true)
})

test('every known model has a context and an ability; unknown ones chat', () => {
  assert.equal(modelFacts('gpt-4.1-mini').snapshot, 'gpt-4.1-mini-2025-04-14')
  assert.equal(modelFacts('my-tuned-model').abilities[0], 'chat')
  assert.equal(modelFacts('o9-preview').reasons, true)
  assert.equal(modelFacts('text-embedding-9').dimensions, 1536)
})
