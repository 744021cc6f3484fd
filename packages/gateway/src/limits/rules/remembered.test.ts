import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpentGroup } from '../../ledger/reports.ts'
import { configOf, expectDenial, isLease, openTestLimits, person } from '../limits.fixture.ts'

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

test('P7 a restart forgets no budget: the ledger fills the current windows', async () => {
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
  const setup = await openTestLimits(config, { spent: [group, someone, yesterday, lastMonth] })
  const { rules } = await setup.limits.report()
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
  assert.equal(expectDenial(setup.take(1)).rule, 'chat')
  setup.time.ms += 60_000
  assert.ok(isLease(setup.take(1)))
})

// A year's budget that begins again with each deployment is none.
test('P7 a restart forgets no budget of a fiscal quarter or year, and counts nothing from before it', async () => {
  const config = configOf({
    chat: { tokensPerQuarter: 10_000, costPerYear: '20 USD' },
    limits: { timeZone: 'Europe/Berlin', fiscalYearStart: '10-01' },
  })
  const at = (time: string): SpentGroup => ({ ...group, startedAtMs: Date.parse(time) })
  const setup = await openTestLimits(config, {
    spent: [
      group,
      at('2025-12-31T23:00:00Z'),
      at('2025-12-31T22:59:59Z'),
      at('2025-09-30T22:00:00Z'),
      at('2025-09-30T21:59:59Z'),
    ],
  })
  const { rules } = await setup.limits.report()
  const times = (...ms: (number | null)[]): string[] => ms.map(one => new Date(one ?? Number.NaN).toISOString())
  assert.deepEqual(
    rules.map(line => [line.measure, line.used, ...times(line.beganAtMs, line.renewsAtMs)]),
    [
      ['tokensPerQuarter', 1_200, '2025-12-31T23:00:00.000Z', '2026-03-31T22:00:00.000Z'],
      ['costPerYear', 28e8, '2025-09-30T22:00:00.000Z', '2026-09-30T22:00:00.000Z'],
    ],
  )
})

// Reading the last callers' budgets must not make the store drop the first callers' counters.
test('P7 a restart forgets no budget of thousands of callers', async () => {
  const spent = Array.from({ length: 3_000 }, (_, id) => ({
    ...group,
    callerKey: `user:${person(id).tenantId}/${person(id).objectId}`,
  }))
  const setup = await openTestLimits(configOf({ chat: { perCaller: { tokensPerDay: 650 } } }), { spent })
  for (let id = 0; id < 3_000; id += 1) {
    assert.equal(expectDenial(setup.take(51, { caller: person(id) })).remaining, 50, `caller ${id}`)
  }
})
