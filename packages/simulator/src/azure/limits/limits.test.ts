import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AzureError } from '../errors.ts'
import { pace } from '../http/latency.ts'
import { modelFacts } from '../models.ts'
import { sequence } from '../seed.ts'
import { ask, call, chatPath, lastLine, raw, simulator } from '../testkit.fixture.ts'
import { limitsOf } from './limits.ts'

const details = { operation: 'X', apiVersion: null, deployment: 'd', model: 'gpt-4o', region: 'East US' }

// Clients steer by these headers; a limiter that is tested against them needs real ones.
test('standard deployments count requests in a sliding minute, evened out over ten seconds, and report when there is room', async t => {
  let now = 1_000_000
  const sim = await simulator(t, {
    clock: () => now,
    deployments: { 'gpt-4o': { model: 'gpt-4o', requestsPerMinute: 9, tokensPerMinute: 100_000 } },
  })
  const left = async (fault = {}): Promise<(string | null)[]> => {
    const { status, headers } = await call(sim, chatPath(), ask('Hello', { max_tokens: 50 }), fault)
    const named = ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests', 'retry-after', 'retry-after-ms']
    return [String(status), ...named.map(name => headers.get(name))]
  }
  assert.deepEqual(await left(), ['200', '8', '60', null, null])
  now += 4_500
  assert.deepEqual(await left(), ['200', '7', '60', null, null])
  // Nine a minute are two in ten seconds: the third comes too early, and counts all the same.
  assert.deepEqual(await left(), ['429', '6', '60', '10', '10000'])
  assert.equal((await lastLine(sim)).promptTokens, 0)
  now += 10_000
  assert.deepEqual(await left(), ['200', '5', '60', null, null])
  // A failed request counts too.
  assert.equal((await left({ 'x-simulator-fault': '500' }))[0], '500')
  now += 10_000
  for (const remaining of ['3', '2']) assert.deepEqual(await left(), ['200', remaining, '60', null, null])
  now += 10_000
  for (const remaining of ['1', '0']) assert.deepEqual(await left(), ['200', remaining, '60', null, null])
  now += 10_000
  // Ten seconds have room, the minute has not: 44.5 s after the first call, 15.5 s before it expires. This request
  // counts as well.
  assert.deepEqual(await left(), ['429', '0', '60', '20', '20000'])
  now += 20_000
  assert.deepEqual(await left(), ['200', '1', '60', null, null])
})

test('a window of one second has its share of the minute', () => {
  let now = 0
  const limits = limitsOf({ model: 'gpt-4o', requestsPerMinute: 120, requestWindowSeconds: 1 }, () => now)
  const take = (): void => limits.take({ tokens: 1, details }, {})
  take()
  take()
  assert.throws(take, {
    status: 429,
    headers: { 'retry-after': '1', 'retry-after-ms': '1000', 'x-ratelimit-type': 'requests' },
  })
  now = 1_000
  take()
})

// A client that waits as long as the header says and is refused again stops trusting the header.
test('a call that waits out its retry-after is admitted, whatever was sent before, and the reset figures are true', () => {
  const calls = fc.array(fc.record({ waitMs: fc.nat(20_000), tokens: fc.integer({ min: 1, max: 700 }) }), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(calls, fc.integer({ min: 1, max: 30 }), (sent, requestsPerMinute) => {
      let now = 5
      const limits = limitsOf({ model: 'gpt-4o', requestsPerMinute, tokensPerMinute: 1_000 }, () => now)
      assert.ok(limits)
      const headers: Record<string, string> = {}
      const refusal = (tokens: number): AzureError | null => {
        try {
          limits.take({ tokens, details }, headers)
          return null
        } catch (error) {
          assert.ok(error instanceof AzureError)
          return error
        }
      }
      for (const { waitMs, tokens } of sent) {
        now += waitMs
        const refused = refusal(tokens)
        if (refused === null) continue
        now += Number(refused.headers['retry-after-ms'])
        assert.equal(refusal(tokens), null)
      }
      now +=
        1_000 * Math.max(0, ...['requests', 'tokens'].map(unit => Number(headers[`x-ratelimit-reset-${unit}`] ?? 0)))
      assert.equal(refusal(1_000), null)
      assert.equal(headers['x-ratelimit-remaining-tokens'], '0')
      assert.equal(headers['x-ratelimit-remaining-requests'], String(requestsPerMinute - 1))
    }),
  )
})

// A limiter that is off by a window's edge looks right in every example and admits the double amount at the turn of the
// minute.
test('no sliding minute of any history has more tokens than its limit, except for one call that is larger', () => {
  const calls = fc.array(fc.record({ waitMs: fc.nat(9_000), tokens: fc.integer({ min: 1, max: 400 }) }), {
    maxLength: 80,
  })
  fc.assert(
    fc.property(calls, sent => {
      let now = 0
      const limits = limitsOf({ model: 'gpt-4o', tokensPerMinute: 1_000 }, () => now)
      const taken: { atMs: number; tokens: number }[] = []
      for (const { waitMs, tokens } of sent) {
        now += waitMs
        try {
          limits.take({ tokens, details }, {})
          taken.push({ atMs: now, tokens })
        } catch {
          const inWindow = taken.filter(each => each.atMs > now - 60_000).reduce((sum, each) => sum + each.tokens, 0)
          assert.ok(inWindow + tokens > 1_000, 'refused what would have fitted')
        }
        const inWindow = taken.filter(each => each.atMs > now - 60_000).reduce((sum, each) => sum + each.tokens, 0)
        assert.ok(inWindow <= 1_000, `${inWindow} tokens in a minute`)
      }
    }),
  )
})

// Clients of the Responses API got these figures in late 2025: one that takes -1 for "nothing left" stops using a
// healthy instance.
test('responsesHideLimits: -1, -1, 0 and no time to retry on Responses, true figures elsewhere', async t => {
  const sim = await simulator(t, {
    clock: () => 5,
    deployments: { 'gpt-4o': { model: 'gpt-4o', tokensPerMinute: 500, requestsPerMinute: 600 } },
    responsesHideLimits: true,
  })
  const respond = (tokens: number): ReturnType<typeof call> =>
    call(sim, '/v1/responses', { model: 'gpt-4o', input: 'Hello', max_output_tokens: tokens })
  const figures = (headers: Headers): (string | null)[] =>
    ['limit', 'remaining', 'reset'].map(name => headers.get(`x-ratelimit-${name}-tokens`))
  const answer = await respond(400)
  assert.deepEqual([answer.status, ...figures(answer.headers)], [200, '-1', '-1', '0'])
  const refused = await respond(400)
  assert.deepEqual([refused.status, ...figures(refused.headers)], [429, '-1', '-1', '0'])
  assert.deepEqual([refused.headers.get('retry-after'), refused.headers.get('retry-after-ms')], [null, null])
  const chat = await call(sim, chatPath(), ask('Hello', { max_tokens: 400 }))
  assert.deepEqual([chat.status, figures(chat.headers)[0], chat.headers.get('retry-after')], [429, '500', '60'])
})

test('the token limit takes prompt and max_tokens before the answer, and the answer itself when there is no max_tokens', async t => {
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

// Spilling before the 429 needs the utilisation in every answer.
test('provisioned deployments report their utilisation and refuse above 100 % until they have drained', async t => {
  let now = 0
  const limits = limitsOf({ model: 'gpt-4o', kind: 'provisioned', tokensPerMinute: 6_000 }, () => now)
  assert.ok(limits)
  const headers: Record<string, string> = {}
  const take = (tokens: number): string | undefined => {
    limits.take({ tokens, details }, headers)
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

test('provisioned: burstSeconds is the depth of the bucket, and what an answer did not use is given back', async t => {
  let now = 0
  const limits = limitsOf({ model: 'm', kind: 'provisioned', tokensPerMinute: 6_000, burstSeconds: 10 }, () => now)
  const headers: Record<string, string> = {}
  const take = (tokens: number): string | undefined => {
    limits.take({ tokens, details }, headers)
    return headers['azure-openai-deployment-utilization']
  }
  assert.equal(take(500), '50.0%')
  limits.finished(100, 400)
  assert.equal(take(0), '20.0%')
  limits.finished(300, null)
  assert.equal(take(0), '50.0%')
  now = 4_000
  assert.equal(take(0), '10.0%')
  const sim = await simulator(t, {
    clock: () => now,
    deployments: { ptu: { model: 'gpt-4o', kind: 'provisioned', tokensPerMinute: 10_000 } },
  })
  const greeting = ask('Hello', { max_tokens: 4_000 })
  const utilizations: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const { status, headers: reported } = await call(sim, chatPath('ptu'), { ...greeting, stream: round % 2 === 0 })
    assert.equal(status, 200)
    utilizations.push(Number.parseFloat(reported.get('azure-openai-deployment-utilization') ?? ''))
  }
  // 40 % are reserved at a time; a short answer keeps a fraction of it.
  assert.ok(
    utilizations.every(each => each > 40 && each < 60),
    utilizations.join(' '),
  )
})

// A simulation of hours in seconds and the real service use the same arithmetic: load decides, not the number of calls.
test('provisioned: utilisation rises under a load above the capacity and falls under one below it', () => {
  let now = 0
  const limits = limitsOf({ model: 'm', kind: 'provisioned', tokensPerMinute: 60_000 }, () => now)
  const headers: Record<string, string> = {}
  const under = (share: number, seconds: number): number => {
    for (let step = 0; step < seconds * 10; step += 1) {
      now += 100
      try {
        limits.take({ tokens: 100 * share, details }, headers)
      } catch {
        // Above 100 % some calls are refused; the level shows the rest.
      }
    }
    return Number.parseFloat(headers['azure-openai-deployment-utilization'] ?? '')
  }
  assert.ok(under(0.8, 60) < 1)
  assert.ok(Math.abs(under(1.5, 60) - 50) < 1)
  assert.ok(under(1.5, 120) >= 99)
  assert.ok(Math.abs(under(0.5, 60) - 50) < 1)
})

// A demonstration with a moved clock and a benchmark with real timers use the same arithmetic.
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

// Free usage by leaving early is the oldest trick: production must stop, and the bill must keep what was sent.
test('a client that leaves a slow stream stops it, and is charged for what was sent', async t => {
  const sim = await simulator(t, { deployments: { 'gpt-4o': { model: 'gpt-4o', tokensPerSecond: 100 } } })
  const whole = await call(sim, chatPath(), ask('Explain payroll.', { max_tokens: 8 }))
  assert.equal(whole.status, 200)
  const left = await raw(sim, chatPath(), ask('Explain payroll.', { stream: true }), {}, 6)
  assert.equal(left.broken, true)
  const line = await lastLine(sim)
  assert.equal(line.clientGone, true)
  // Some events are in flight when the connection closes; the answer has about ninety.
  assert.ok(line.completionTokens >= 4 && line.completionTokens <= 40, String(line.completionTokens))
})

test('the bill has a call while it is in flight', async t => {
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

test('every known model has a context and an ability; unknown ones can chat', () => {
  assert.equal(modelFacts('gpt-4.1-mini').snapshot, 'gpt-4.1-mini-2025-04-14')
  assert.equal(modelFacts('my-tuned-model').abilities[0], 'chat')
  assert.equal(modelFacts('o9-preview').reasons, true)
  assert.equal(modelFacts('text-embedding-9').dimensions, 1536)
})
