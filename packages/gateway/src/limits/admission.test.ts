import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActiveLimits } from './admission.ts'
import { nothingSpent } from './index.ts'
import {
  askOf,
  configOf,
  expectDenial,
  expectLease,
  openTestLimits,
  person,
  spentOf,
  type TestLimits,
} from './limits.fixture.ts'
import type { ScopeLimits } from './rules/rule-book.ts'

function met(limits: ActiveLimits): ScopeLimits {
  return limits.meets('chat', 'gpt') ?? assert.fail('the call meets no limit')
}

async function left({ limits }: TestLimits, rule: string, subject: string | null = null): Promise<number> {
  const found = (await limits.report()).rules.find(one => one.rule === rule && one.subject === subject)
  assert.ok(found, `no line of ${rule}`)
  assert.equal(found.remaining, Math.max(0, found.limit - found.used - found.reserved))
  return found.remaining
}

// Otherwise a call that one rule refused would still be counted by all others.
test('P7 a call reserves with every rule that it meets, or with none', async () => {
  const setup = await openTestLimits(
    configOf({
      chat: { tokensPerMinute: 1_000, perCaller: { tokensPerMinute: 400 } },
      limits: { rules: { company: { tokensPerDay: 5_000 } } },
    }),
  )
  expectLease(setup.take(300))
  const refusal = expectDenial(setup.take(200))
  assert.deepEqual(
    [refusal.kind, refusal.rule, refusal.measure, refusal.limit, refusal.asked, refusal.remaining],
    ['passes', 'chat/caller', 'tokensPerMinute', 400, 200, 100],
  )
  assert.equal(await left(setup, 'chat'), 700)
  assert.equal(await left(setup, 'limits.rules.company'), 4_700)
  expectLease(setup.take(400, { caller: person(2) }))
  assert.equal(expectDenial(setup.take(301, { caller: person(3) })).rule, 'chat')
  assert.equal(await left(setup, 'limits.rules.company'), 4_300)
})

test('the header fields show the tightest limits that a call met, without shadow rules', async () => {
  const setup = await openTestLimits(
    configOf({
      chat: {
        tokensPerMinute: 1_000,
        requestsPerMinute: 60,
        perCaller: { tokensPerMinute: 600, requestsPerSecond: 5 },
      },
      limits: { rules: { trial: { tokensPerMinute: 10, mode: 'shadow' } } },
    }),
  )
  const { tokens, requests } = expectLease(setup.take(100))
  assert.deepEqual(tokens, { rule: 'chat/caller', limitText: '600', remaining: 500, resetSeconds: 61 })
  assert.deepEqual(requests, { rule: 'chat/caller', limitText: '5', remaining: 4, resetSeconds: 2 })
  const refusal = expectDenial(setup.take(550))
  assert.deepEqual(refusal.tokens?.remaining, 500)
})

test('P7 rules that share a counter add a call once, and each applies its own limit to the calls it selects', async () => {
  const setup = await openTestLimits(
    configOf({
      limits: {
        rules: {
          all: { tokensPerDay: 1_000, counter: 'wallet' },
          chatters: { tokensPerDay: 600, workloads: ['chat'], counter: 'wallet' },
        },
      },
    }),
  )
  expectLease(setup.take(500))
  assert.equal(await left(setup, 'limits.rules.all'), 500)
  assert.equal(expectDenial(setup.take(200)).rule, 'limits.rules.chatters')
  expectLease(setup.take(200, { workload: 'batch' }))
  assert.equal(await left(setup, 'limits.rules.all'), 300)
  assert.equal(await left(setup, 'limits.rules.chatters'), 0)
})

test('P7 a shared counter adds the whole call, even when another limit on it is smaller than the call', async () => {
  const sharing = { workloads: ['chat'], counter: 'wallet' }
  const setup = await openTestLimits(
    configOf({
      limits: {
        rules: {
          trial: { ...sharing, tokensPerDay: 10, mode: 'shadow' },
          small: { ...sharing, tokensPerDay: 300 },
          large: { ...sharing, tokensPerDay: 1_000 },
        },
      },
    }),
  )
  const ask = { ...askOf(500), leastTokens: 20, maximumGiven: false }
  const given = setup.limits.admit(met(setup.limits), ask, { deadlineAt: 0, signal: null })
  assert.ok(!(given instanceof Promise) && given.lease)
  const reserved = (await setup.limits.report()).rules.map(line => [line.rule, line.reserved])
  assert.deepEqual(reserved, [
    ['limits.rules.trial', 500],
    ['limits.rules.small', 500],
    ['limits.rules.large', 500],
  ])
  given.lease.settle(spentOf(40))
  assert.equal(await left(setup, 'limits.rules.small'), 260)
})

test('each caller is counted separately, and once even when it signs in with several access tokens', async () => {
  const setup = await openTestLimits(configOf({ chat: { perCaller: { requestsPerMinute: 2 } } }))
  expectLease(setup.take(1, { caller: person(1) }))
  expectLease(setup.take(1, { caller: { ...person(1) } }))
  expectDenial(setup.take(1, { caller: { ...person(1) } }))
  expectLease(setup.take(1, { caller: person(2) }))
})

test('a rule in mode shadow refuses nothing, and reports what it would have refused', async () => {
  const setup = await openTestLimits(configOf({ chat: { tokensPerMinute: 100, mode: 'shadow' } }))
  for (const tokens of [80, 80, 500]) expectLease(setup.take(tokens)).settle(spentOf(tokens))
  const refused = { rule: 'chat', measure: 'tokensPerMinute', shadow: true }
  assert.deepEqual(setup.observed.refused, [refused, refused])
  const { rules } = await setup.limits.report()
  assert.deepEqual([rules[0]?.refused, rules[0]?.mode, rules[0]?.used], [2, 'shadow', 660])
})

test('P7 settling refunds at once what a call did not use, and adds what it used beyond its reservation', async () => {
  const setup = await openTestLimits(configOf({ chat: { tokensPerMinute: 1_000, costPerDay: '1 USD' } }))
  const first = expectLease(setup.take(1_000, { costNano: 4e8 }))
  expectDenial(setup.take(1))
  first.settle(spentOf(100, 1e8))
  first.settle(spentOf(0))
  const second = expectLease(setup.take(900, { costNano: 9e8 }))
  second.settle(spentOf(1_200, 2e8))
  assert.equal(expectDenial(setup.take(1)).remaining, 0)
  const lines = (await setup.limits.report()).rules
  assert.deepEqual(
    lines.map(line => [line.measure, line.used, line.reserved]),
    [
      ['tokensPerMinute', 1_300, 0],
      ['costPerDay', 3e8, 0],
    ],
  )
})

test('P7 a call that never reached a backend uses no tokens, no request and no money', async () => {
  const setup = await openTestLimits(
    configOf({ chat: { tokensPerMinute: 10, requestsPerMinute: 1, callsInFlight: 1 } }),
  )
  for (let call = 0; call < 5; call += 1) expectLease(setup.take(10)).settle(nothingSpent)
  expectLease(setup.take(10)).settle(spentOf(0))
  assert.equal(
    expectDenial(setup.take(10)).measure,
    'requestsPerMinute',
    'a call that was sent counts as a request, even without tokens',
  )
})

test('P7 no more calls are in flight than the limit allows', async () => {
  const setup = await openTestLimits(configOf({ chat: { callsInFlight: 3 } }))
  const leases = [1, 2, 3].map(() => expectLease(setup.take(1)))
  const refusal = expectDenial(setup.take(1))
  assert.deepEqual([refusal.kind, refusal.measure, refusal.retryAfterMs], ['passes', 'callsInFlight', 1_000])
  leases[1]?.settle(spentOf(1))
  expectLease(setup.take(1))
})

test('a budget that is used up names the time of its renewal, and renews then', async () => {
  const config = configOf({ chat: { tokensPerDay: 100 }, limits: { timeZone: 'Europe/Berlin' } })
  const setup = await openTestLimits(config, { startMs: Date.UTC(2026, 2, 2, 22, 30) })
  expectLease(setup.take(90)).settle(spentOf(90))
  const refusal = expectDenial(setup.take(20))
  assert.deepEqual(
    [refusal.kind, refusal.remaining, refusal.renewsAtMs, refusal.retryAfterMs],
    ['budget', 10, Date.UTC(2026, 2, 2, 23), 1_800_000],
  )
  setup.time.ms = Date.UTC(2026, 2, 2, 23)
  expectLease(setup.take(100))
})

test('a call that certainly needs more than a whole limit is refused for good; one that only may need more passes when it is alone', async () => {
  const setup = await openTestLimits(configOf({ chat: { tokensPerMinute: 100 } }))
  const refusal = expectDenial(setup.take(101))
  assert.deepEqual([refusal.kind, refusal.asked, refusal.limit], ['never', 101, 100])
  const ask = { ...askOf(5_000), leastTokens: 50, promptTokens: 100, maximumGiven: false }
  const given = setup.limits.admit(met(setup.limits), ask, { deadlineAt: 0, signal: null })
  assert.ok(!(given instanceof Promise) && given.lease)
  assert.equal(given.lease.tokens?.remaining, 0)
  given.lease.settle(spentOf(60))
  assert.equal(await left(setup, 'chat'), 40)
})

// Operators judge by this metric whether reservations are exact enough.
test('each settled call reports the error of its prompt estimate', async () => {
  const setup = await openTestLimits(configOf({ chat: { tokensPerMinute: 1_000 } }))
  for (const promptTokens of [10, 25, 0, null]) expectLease(setup.take(30)).settle({ ...spentOf(30), promptTokens })
  assert.deepEqual(setup.observed.estimateErrors, [
    { deployment: 'gpt', error: 1 },
    { deployment: 'gpt', error: -0.2 },
  ])
})

test('operations that need no tokens pass when the token limit is used up', async () => {
  const setup = await openTestLimits(configOf({ chat: { tokensPerMinute: 100, requestsPerMinute: 10 } }))
  expectLease(setup.take(100)).settle(spentOf(300))
  expectLease(setup.take(0))
})

test('rules select calls by caller, deployment and workload, and a call that none selects meets no limit', async () => {
  const setup = await openTestLimits(
    configOf({
      limits: {
        rules: {
          one: { requestsPerMinute: 1, callers: [{ user: person(1).objectId }] },
          gpt: { requestsPerMinute: 2, deployments: ['gpt'], workloads: ['chat'] },
        },
      },
    }),
  )
  expectLease(setup.take(1))
  assert.equal(expectDenial(setup.take(1)).rule, 'limits.rules.one')
  expectLease(setup.take(1, { caller: person(2) }))
  assert.equal(expectDenial(setup.take(1, { caller: person(2) })).rule, 'limits.rules.gpt')
  expectLease(setup.take(1, { caller: person(2), workload: 'batch' }))
  expectLease(setup.take(1, { caller: person(2), deployment: null }))
  const none = await openTestLimits(
    configOf({ limits: { rules: { other: { requestsPerMinute: 1, deployments: ['x'] } } } }),
  )
  assert.equal(none.limits.meets('chat', 'gpt'), null)
})

test('an instance at its limit is skipped, and a call that moves to another instance is refunded at the first', async () => {
  const setup = await openTestLimits(
    configOf({
      instances: {
        limits: { callsInFlight: 1 },
        deployments: { gpt: { model: 'gpt-4o', limits: { tokensPerMinute: 100 } } },
      },
    }),
  )
  const first = expectLease(setup.take(80))
  assert.equal(await first.enter('one', 'gpt'), null)
  const second = expectLease(setup.take(80))
  const full = expectDenial((await second.enter('one', 'gpt')) ?? second)
  assert.deepEqual([full.kind, full.rule], ['passes', 'instances.one.deployments.gpt'])
  assert.equal(await second.enter('two', 'gpt'), null)
  assert.equal(await left(setup, 'instances.two.deployments.gpt'), 20)
  assert.equal(await second.enter('nowhere', 'gpt'), null)
  assert.equal(await left(setup, 'instances.two.deployments.gpt'), 100, 'the reservation with two was refunded')
  first.settle(spentOf(30))
  second.settle(spentOf(30))
  const after = (await setup.limits.report()).rules.map(line => [line.rule, line.used, line.reserved])
  assert.deepEqual(after, [
    ['instances.one', 0, 0],
    ['instances.one.deployments.gpt', 30, 0],
    ['instances.two', 0, 0],
    ['instances.two.deployments.gpt', 0, 0],
  ])
})

test('P10 a changed configuration keeps used amounts: a changed limit applies at once, and a removed rule refuses no call', async () => {
  const setup = await openTestLimits(configOf({ chat: { tokensPerDay: 100, requestsPerMinute: 3 } }))
  const open = expectLease(setup.take(60))
  setup.limits.use(configOf({ chat: { tokensPerDay: 200 } }))
  expectLease(setup.take(140)).settle(spentOf(100))
  expectDenial(setup.take(100))
  open.settle(spentOf(10))
  expectLease(setup.take(90)).settle(spentOf(90))
  setup.limits.use(configOf({ chat: { tokensPerDay: 150 } }))
  expectDenial(setup.take(1))
  setup.limits.use(configOf({}))
  assert.equal(setup.limits.meets('chat', 'gpt'), null)
  assert.deepEqual((await setup.limits.report()).rules, [])
})

test('the weight of a cached prompt token is configured', async () => {
  const share = async (cachedTokensShare: number): Promise<number> =>
    (await openTestLimits(configOf({ limits: { cachedTokensShare } }))).limits.weighTokens(1_000, 801, 50)
  assert.deepEqual([await share(1), await share(0.5), await share(0)], [1_050, 650, 249])
})
