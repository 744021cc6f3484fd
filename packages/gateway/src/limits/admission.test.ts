import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SpentGroup } from '../ledger/reports.ts'
import type { StandingLimits } from './admission.ts'
import { type Denial, type Lease, nothingSpent, type RuleReport } from './index.ts'
import { askOf, configOf, isLease, type Opened, opened, person, spentOf } from './limits.fixture.ts'
import type { Entry } from './rules/claims.ts'

function lease(one: Lease | Denial): Lease {
  assert.ok(isLease(one), `refused: ${JSON.stringify(one)}`)
  return one
}

function denial(one: Lease | Denial): Denial {
  assert.ok(!isLease(one), 'admitted')
  return one
}

function met(limits: StandingLimits): Entry {
  return limits.meets('chat', 'gpt') ?? assert.fail('the call meets no limit')
}

async function left({ limits }: Opened, rule: string, subject: string | null = null): Promise<number> {
  const found = (await limits.report()).rules.find(one => one.rule === rule && one.subject === subject)
  assert.ok(found, `no line of ${rule}`)
  assert.equal(found.remaining, Math.max(0, found.limit - found.used - found.reserved))
  return found.remaining
}

// A team whose call was refused by one rule would otherwise pay for it in all the others.
test('P7 a call takes from every rule that it meets, or from none', async () => {
  const house = await opened(
    configOf({
      chat: { tokensPerMinute: 1_000, perCaller: { tokensPerMinute: 400 } },
      limits: { rules: { company: { tokensPerDay: 5_000 } } },
    }),
  )
  lease(house.take(300))
  const refusal = denial(house.take(200))
  assert.deepEqual(
    [refusal.kind, refusal.rule, refusal.measure, refusal.limit, refusal.asked, refusal.remaining],
    ['passes', 'chat/caller', 'tokensPerMinute', 400, 200, 100],
  )
  assert.equal(await left(house, 'chat'), 700)
  assert.equal(await left(house, 'limits.rules.company'), 4_700)
  lease(house.take(400, { caller: person(2) }))
  assert.equal(denial(house.take(301, { caller: person(3) })).rule, 'chat')
  assert.equal(await left(house, 'limits.rules.company'), 4_300)
})

test('the tightest limits that a call met are those of its header fields, shadow rules left out', async () => {
  const house = await opened(
    configOf({
      chat: {
        tokensPerMinute: 1_000,
        requestsPerMinute: 60,
        perCaller: { tokensPerMinute: 600, requestsPerSecond: 5 },
      },
      limits: { rules: { trial: { tokensPerMinute: 10, mode: 'shadow' } } },
    }),
  )
  const { tokens, requests } = lease(house.take(100))
  assert.deepEqual(tokens, { rule: 'chat/caller', limitText: '600', remaining: 500, resetSeconds: 61 })
  assert.deepEqual(requests, { rule: 'chat/caller', limitText: '5', remaining: 4, resetSeconds: 2 })
  const refusal = denial(house.take(550))
  assert.deepEqual(refusal.tokens?.remaining, 500)
})

test('P7 rules that share a counter take once, and the smaller limit decides for whom it is meant', async () => {
  const house = await opened(
    configOf({
      limits: {
        rules: {
          all: { tokensPerDay: 1_000, counter: 'wallet' },
          chatters: { tokensPerDay: 600, workloads: ['chat'], counter: 'wallet' },
        },
      },
    }),
  )
  lease(house.take(500))
  assert.equal(await left(house, 'limits.rules.all'), 500)
  assert.equal(denial(house.take(200)).rule, 'limits.rules.chatters')
  lease(house.take(200, { workload: 'batch' }))
  assert.equal(await left(house, 'limits.rules.all'), 300)
  assert.equal(await left(house, 'limits.rules.chatters'), 0)
})

test('P7 what a shared counter is taken from is the whole call, however small another limit on it is', async () => {
  const sharing = { workloads: ['chat'], counter: 'wallet' }
  const house = await opened(
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
  const given = house.limits.admit(met(house.limits), ask, { deadlineAt: 0, signal: null })
  assert.ok(!(given instanceof Promise) && given.lease)
  const reserved = (await house.limits.report()).rules.map(line => [line.rule, line.reserved])
  assert.deepEqual(reserved, [
    ['limits.rules.trial', 500],
    ['limits.rules.small', 500],
    ['limits.rules.large', 500],
  ])
  given.lease.settle(spentOf(40))
  assert.equal(await left(house, 'limits.rules.small'), 260)
})

// A long prompt would wait for ever while short ones slip through.
test('a newcomer who would fit stands behind one at least as urgent who waits for the same limit', async () => {
  const { limits, take } = await opened(
    configOf({ chat: { tokensPerMinute: 1_000 }, limits: { waitingLine: { length: 5, maxWait: '5m' } } }),
  )
  const first = lease(take(600))
  const standing = (priority: string, tokens: number) =>
    limits.admit(met(limits), { ...askOf(tokens), priority }, { deadlineAt: Number.POSITIVE_INFINITY, signal: null })
  const long = standing('standard', 800)
  const short = standing('standard', 50)
  assert.ok(long instanceof Promise && short instanceof Promise)
  assert.equal(limits.line.length, 2)
  const urgent = standing('interactive', 50)
  assert.ok(!(urgent instanceof Promise) && urgent.lease)
  urgent.lease.settle(spentOf(0))
  first.settle(spentOf(100))
  assert.ok((await long).lease)
  assert.ok((await short).lease)
})

test('each caller is counted by itself, with however many tokens it signs in', async () => {
  const house = await opened(configOf({ chat: { perCaller: { requestsPerMinute: 2 } } }))
  lease(house.take(1, { caller: person(1) }))
  lease(house.take(1, { caller: { ...person(1) } }))
  denial(house.take(1, { caller: { ...person(1) } }))
  lease(house.take(1, { caller: person(2) }))
})

// A mirrored copy that stood in line would keep a person waiting behind it.
test('a call that must not wait is refused at once, also where others stand in line for the same', async () => {
  const config = configOf({ chat: { callsInFlight: 1 }, limits: { waitingLine: { length: 5, maxWait: '5m' } } })
  const { limits, take, told } = await opened(config)
  const first = lease(take(1))
  denial(take(1))
  const waiting = limits.admit(met(limits), askOf(1), { deadlineAt: Number.POSITIVE_INFINITY, signal: null })
  assert.ok(waiting instanceof Promise)
  assert.deepEqual([limits.line.length, denial(take(1)).rule], [1, 'chat'])
  first.settle(spentOf(1))
  const admission = await waiting
  assert.ok(admission.lease !== null && admission.lease.waitedMs !== null)
  denial(take(1))
  assert.deepEqual(
    told.waited.map(one => one.admitted),
    [true],
  )
  assert.equal(told.refused.length, 3, 'who waited was not refused')
})

// Two teams under one company-wide limit: one of them at its own limit must not hold up the other.
test('calls that wait for a limit of their own do not speak for one that has room for all', async () => {
  const { limits, take } = await opened(
    configOf({
      chat: { callsInFlight: 1 },
      limits: { rules: { company: { tokensPerMinute: 1_000 } }, waitingLine: { length: 5, maxWait: '5m' } },
    }),
  )
  const first = lease(take(10))
  const waiting = [1, 2].map(() =>
    limits.admit(met(limits), askOf(10), { deadlineAt: Number.POSITIVE_INFINITY, signal: null }),
  )
  assert.equal(limits.line.length, 2)
  lease(take(10, { workload: 'batch' }))
  first.settle(spentOf(10))
  const second = await waiting[0]
  second?.lease?.settle(spentOf(10))
  assert.ok((await waiting[1])?.lease)
})

test('a rule in mode shadow refuses nothing, and tells what it would have refused', async () => {
  const house = await opened(configOf({ chat: { tokensPerMinute: 100, mode: 'shadow' } }))
  for (const tokens of [80, 80, 500]) lease(house.take(tokens)).settle(spentOf(tokens))
  const refused = { rule: 'chat', measure: 'tokensPerMinute', shadow: true }
  assert.deepEqual(house.told.refused, [refused, refused])
  const { rules } = await house.limits.report()
  assert.deepEqual([rules[0]?.refused, rules[0]?.mode, rules[0]?.used], [2, 'shadow', 660])
})

test('P7 what was reserved and not used is given back at once, and what was used above it is taken', async () => {
  const house = await opened(configOf({ chat: { tokensPerMinute: 1_000, costPerDay: '1 USD' } }))
  const first = lease(house.take(1_000, { costNano: 4e8 }))
  denial(house.take(1))
  first.settle(spentOf(100, 1e8))
  first.settle(spentOf(0))
  const second = lease(house.take(900, { costNano: 9e8 }))
  second.settle(spentOf(1_200, 2e8))
  assert.equal(denial(house.take(1)).remaining, 0)
  const lines = (await house.limits.report()).rules
  assert.deepEqual(
    lines.map(line => [line.measure, line.used, line.reserved]),
    [
      ['tokensPerMinute', 1_300, 0],
      ['costPerDay', 3e8, 0],
    ],
  )
})

test('P7 a call that never reached a backend costs nothing: no token, no request, no money', async () => {
  const house = await opened(configOf({ chat: { tokensPerMinute: 10, requestsPerMinute: 1, callsInFlight: 1 } }))
  for (let call = 0; call < 5; call += 1) lease(house.take(10)).settle(nothingSpent)
  lease(house.take(10)).settle(spentOf(0))
  assert.equal(
    denial(house.take(10)).measure,
    'requestsPerMinute',
    'one that was sent is a request, whatever came of it',
  )
})

test('P7 at most so many calls are under way as the limit says', async () => {
  const house = await opened(configOf({ chat: { callsInFlight: 3 } }))
  const leases = [1, 2, 3].map(() => lease(house.take(1)))
  const refusal = denial(house.take(1))
  assert.deepEqual([refusal.kind, refusal.measure, refusal.retryAfterMs], ['passes', 'callsInFlight', 1_000])
  leases[1]?.settle(spentOf(1))
  lease(house.take(1))
})

test('a spent budget says when it renews, and then it does', async () => {
  const config = configOf({ chat: { tokensPerDay: 100 }, limits: { timeZone: 'Europe/Berlin' } })
  const house = await opened(config, { startMs: Date.UTC(2026, 2, 2, 22, 30) })
  lease(house.take(90)).settle(spentOf(90))
  const refusal = denial(house.take(20))
  assert.deepEqual(
    [refusal.kind, refusal.remaining, refusal.renewsAtMs, refusal.retryAfterMs],
    ['budget', 10, Date.UTC(2026, 2, 2, 23), 1_800_000],
  )
  house.time.ms = Date.UTC(2026, 2, 2, 23)
  lease(house.take(100))
})

test('a call that surely needs more than a limit ever has is told so; one that is only estimated so passes alone', async () => {
  const house = await opened(configOf({ chat: { tokensPerMinute: 100 } }))
  const refusal = denial(house.take(101))
  assert.deepEqual([refusal.kind, refusal.asked, refusal.limit], ['never', 101, 100])
  const ask = { ...askOf(5_000), leastTokens: 50, promptTokens: 100, maximumGiven: false }
  const given = house.limits.admit(met(house.limits), ask, { deadlineAt: 0, signal: null })
  assert.ok(!(given instanceof Promise) && given.lease)
  assert.equal(given.lease.tokens?.remaining, 0)
  given.lease.settle(spentOf(60))
  assert.equal(await left(house, 'chat'), 40)
})

// The metric by which an operator sees whether reservations are worth anything.
test('each settled call tells how far its prompt was estimated wrongly', async () => {
  const house = await opened(configOf({ chat: { tokensPerMinute: 1_000 } }))
  for (const promptTokens of [10, 25, 0, null]) lease(house.take(30)).settle({ ...spentOf(30), promptTokens })
  assert.deepEqual(house.told.estimateErrors, [
    { deployment: 'gpt', error: 1 },
    { deployment: 'gpt', error: -0.2 },
  ])
})

test('operations that ask for no tokens pass where tokens are used up', async () => {
  const house = await opened(configOf({ chat: { tokensPerMinute: 100, requestsPerMinute: 10 } }))
  lease(house.take(100)).settle(spentOf(300))
  lease(house.take(0))
})

test('rules choose by caller, deployment and workload; what none of them concerns meets nothing', async () => {
  const house = await opened(
    configOf({
      limits: {
        rules: {
          one: { requestsPerMinute: 1, callers: [{ user: person(1).objectId }] },
          gpt: { requestsPerMinute: 2, deployments: ['gpt'], workloads: ['chat'] },
        },
      },
    }),
  )
  lease(house.take(1))
  assert.equal(denial(house.take(1)).rule, 'limits.rules.one')
  lease(house.take(1, { caller: person(2) }))
  assert.equal(denial(house.take(1, { caller: person(2) })).rule, 'limits.rules.gpt')
  lease(house.take(1, { caller: person(2), workload: 'batch' }))
  lease(house.take(1, { caller: person(2), deployment: null }))
  const none = await opened(configOf({ limits: { rules: { other: { requestsPerMinute: 1, deployments: ['x'] } } } }))
  assert.equal(none.limits.meets('chat', 'gpt'), null)
})

test('an instance at its limit is passed over; its part comes back when the call goes elsewhere', async () => {
  const house = await opened(
    configOf({
      instances: {
        limits: { callsInFlight: 1 },
        deployments: { gpt: { model: 'gpt-4o', limits: { tokensPerMinute: 100 } } },
      },
    }),
  )
  const first = lease(house.take(80))
  assert.equal(await first.enter('one', 'gpt'), null)
  const second = lease(house.take(80))
  const full = await second.enter('one', 'gpt')
  assert.deepEqual([full?.kind, full?.rule], ['passes', 'instances.one.deployments.gpt'])
  assert.equal(await second.enter('two', 'gpt'), null)
  assert.equal(await left(house, 'instances.two.deployments.gpt'), 20)
  assert.equal(await second.enter('nowhere', 'gpt'), null)
  assert.equal(await left(house, 'instances.two.deployments.gpt'), 100, 'it has left two')
  first.settle(spentOf(30))
  second.settle(spentOf(30))
  const after = (await house.limits.report()).rules.map(line => [line.rule, line.used, line.reserved])
  assert.deepEqual(after, [
    ['instances.one', 0, 0],
    ['instances.one.deployments.gpt', 30, 0],
    ['instances.two', 0, 0],
    ['instances.two.deployments.gpt', 0, 0],
  ])
})

// Callers come and go by the thousand; a process runs for months.
test('counters of callers who are idle are forgotten, and nobody else loses anything', async () => {
  const house = await opened(configOf({ chat: { perCaller: { requestsPerMinute: 2, callsInFlight: 5 } } }))
  const stays = person(999_999)
  const open = lease(house.take(1, { caller: stays }))
  let most = 0
  for (let id = 0; id < 20_000; id += 1) {
    house.time.ms += 60
    lease(house.take(1, { caller: person(id) })).settle(spentOf(1))
    if (id % 500 === 0) most = Math.max(most, [...house.limits.counters()].length)
  }
  assert.ok(most < 5_000, `${most} counters for some 1,000 callers a minute`)
  lease(house.take(1, { caller: stays })).settle(spentOf(1))
  open.settle(spentOf(1))
  const known = person(19_999)
  lease(house.take(1, { caller: known }))
  denial(house.take(1, { caller: { ...known } }))
})

test('P7 no caller is let through once more because counters were forgotten while its own were made', async () => {
  const house = await opened(
    configOf({ chat: { perCaller: { requestsPerMinute: 1, tokensPerMinute: 1_000, callsInFlight: 9 } } }),
  )
  for (let id = 0; id < 2_000; id += 1) {
    lease(house.take(1, { caller: person(id) })).settle(spentOf(1))
    denial(house.take(1, { caller: person(id) }))
  }
})

test('P10 a changed configuration keeps what was used: a limit changes at once, a rule that is gone refuses nobody', async () => {
  const house = await opened(configOf({ chat: { tokensPerDay: 100, requestsPerMinute: 3 } }))
  const open = lease(house.take(60))
  house.limits.use(configOf({ chat: { tokensPerDay: 200 } }))
  lease(house.take(140)).settle(spentOf(100))
  denial(house.take(100))
  open.settle(spentOf(10))
  lease(house.take(90)).settle(spentOf(90))
  house.limits.use(configOf({ chat: { tokensPerDay: 150 } }))
  denial(house.take(1))
  house.limits.use(configOf({}))
  assert.equal(house.limits.meets('chat', 'gpt'), null)
  assert.deepEqual((await house.limits.report()).rules, [])
})

const group: SpentGroup = {
  workload: 'chat',
  callerKey: `user:${person(1).tenantId}/${person(1).objectId}`,
  deployment: 'gpt',
  instance: 'one',
  calls: 3,
  promptTokens: 500,
  cachedTokens: 200,
  completionTokens: 100,
  costNano: 7e8,
  startedAtMs: Date.UTC(2026, 2, 2, 8, 59, 50),
}

test('P7 a restart forgets no budget: the ledger fills the windows that run', async () => {
  const config = configOf({
    chat: { tokensPerMinute: 1_000, tokensPerDay: 5_000, costPerMonth: '2 USD', perCaller: { tokensPerDay: 2_000 } },
    instances: { limits: { tokensPerDay: 3_000 } },
    limits: {
      cachedTokensShare: 0.5,
      rules: {
        company: { requestsPerMinute: 100, tokensPerHour: 900 },
        wallet: { requestsPerMinute: 50, counter: 'wallet' },
        purse: { requestsPerMinute: 20, counter: 'wallet', workloads: ['chat'] },
      },
    },
  })
  const yesterday = { ...group, startedAtMs: Date.UTC(2026, 2, 1, 23) }
  const lastMonth = { ...group, startedAtMs: Date.UTC(2026, 1, 28, 23) }
  const someone = { ...group, callerKey: `user:${person(2).tenantId}/${person(2).objectId}`, instance: 'two' }
  const house = await opened(config, { spent: [group, someone, yesterday, lastMonth] })
  const { rules } = await house.limits.report()
  const used = Object.fromEntries(
    rules.map(line => [`${line.rule} ${line.measure} ${line.subject ?? ''}`.trim(), line.used]),
  )
  assert.deepEqual(used, {
    'chat tokensPerMinute': 1_000,
    'chat tokensPerDay': 1_000,
    'chat costPerMonth': 21e8,
    [`chat/caller tokensPerDay ${group.callerKey}`]: 500,
    [`chat/caller tokensPerDay ${someone.callerKey}`]: 500,
    'limits.rules.company tokensPerHour': 0,
    'limits.rules.company requestsPerMinute': 6,
    'limits.rules.wallet requestsPerMinute': 6,
    'limits.rules.purse requestsPerMinute': 6,
    'instances.one tokensPerDay': 500,
    'instances.two tokensPerDay': 500,
  })
  assert.equal(denial(house.take(1)).rule, 'chat')
  house.time.ms += 60_000
  assert.ok(isLease(house.take(1)))
})

// With some hundreds of callers, a budget of the first ones would be forgotten while those of the last ones are read.
test('P7 a restart forgets the budget of none of thousands of callers', async () => {
  const spent = Array.from({ length: 3_000 }, (_, id) => ({
    ...group,
    callerKey: `user:${person(id).tenantId}/${person(id).objectId}`,
  }))
  const house = await opened(configOf({ chat: { perCaller: { tokensPerDay: 650 } } }), { spent })
  for (let id = 0; id < 3_000; id += 1) {
    assert.equal(denial(house.take(51, { caller: person(id) })).remaining, 50, `caller ${id}`)
  }
})

test('what a cached prompt token counts is configured', async () => {
  const share = async (cachedTokensShare: number): Promise<number> =>
    (await opened(configOf({ limits: { cachedTokensShare } }))).limits.weighTokens(1_000, 801, 50)
  assert.deepEqual([await share(1), await share(0.5), await share(0)], [1_050, 650, 249])
})

const step = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(70_000), fc.integer({ min: -5_000, max: 0 })),
  caller: fc.nat(3),
  workload: fc.constantFrom('chat', 'batch'),
  instance: fc.constantFrom('one', 'two', null),
  ask: fc.integer({ min: 0, max: 500 }),
  settle: fc.integer({ min: -1, max: 6 }),
  used: fc.nat(700),
  sent: fc.boolean(),
})

test('P7 whatever is reserved, entered and settled in whichever order, every limit holds and nothing stays reserved', async () => {
  const config = configOf({
    chat: { tokensPerMinute: 1_500, callsInFlight: 4, perCaller: { tokensPerHour: 3_000, requestsPerSecond: 2 } },
    instances: { limits: { callsInFlight: 2, tokensPerMinute: 900 } },
    limits: {
      rules: {
        wallet: { tokensPerMinute: 2_000, counter: 'shared' },
        purse: { tokensPerMinute: 1_200, workloads: ['batch'], counter: 'shared' },
        trial: { tokensPerMinute: 300, mode: 'shadow' },
      },
    },
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const house = await opened(config)
      const open: { readonly lease: Lease; readonly asked: number }[] = []
      let above = 0
      for (const { waitMs, caller, workload, instance, ask, settle, used, sent } of steps) {
        house.time.ms += waitMs
        const ended = open.splice(settle, settle < 0 ? 0 : 1)[0]
        if (ended !== undefined && sent) above += Math.max(0, used - ended.asked)
        ended?.lease.settle(sent ? spentOf(used) : nothingSpent)
        const given = house.take(ask, { caller: person(caller), workload })
        if (isLease(given)) open.push({ lease: given, asked: ask })
        if (isLease(given) && instance !== null) await given.enter(instance, 'gpt')
        assert.deepEqual(await beyond(house, above), [])
      }
      for (const one of open) one.lease.settle(nothingSpent)
      assert.deepEqual(await lines(house, line => line.reserved !== 0), [])
      house.time.ms += 7_200_000
      assert.deepEqual(await lines(house, line => line.used !== 0), [])
    }),
    { numRuns: 200 },
  )
})

async function lines({ limits }: Opened, wanted: (line: RuleReport) => boolean): Promise<readonly RuleReport[]> {
  return (await limits.report()).rules.filter(wanted)
}

/** Lines that are further beyond their limit than calls were above their estimates. What shares a larger counter may be full from the start. */
function beyond(house: Opened, above: number): Promise<readonly RuleReport[]> {
  const mayBe = new Set(['limits.rules.purse', 'limits.rules.trial'])
  return lines(house, line => !mayBe.has(line.rule) && line.used + line.reserved > line.limit + above)
}
