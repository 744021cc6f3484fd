import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { brief, changed, changedBy, check } from './rules.fixture.ts'

const own = 'workloads/bot/limits'
const rule = 'limits/rules/all'
const redisStore = { store: 'redis', whenStoreIsDown: 'refuse' }
const withRedis = { redis: { url: 'redis://127.0.0.1:6379' } }

type Case = readonly [what: string, values: Readonly<Record<string, unknown>>, problem: string, nearest?: string]

suite('limits that cannot work are refused', () => {
  // Otherwise a limit that is not what its author meant is found by a bill, or by a workload that stops.
  const cases: readonly Case[] = [
    ['zero', { [own]: { tokensPerMinute: 0 } }, 'wrong_value workloads.bot.limits.tokensPerMinute'],
    ['negative', { [own]: { requestsPerMinute: -1 } }, 'wrong_value workloads.bot.limits.requestsPerMinute'],
    ['absurd', { [own]: { tokensPerDay: 1e15 } }, 'wrong_value workloads.bot.limits.tokensPerDay'],
    ['a fraction', { [own]: { tokensPerDay: 0.5 } }, 'wrong_type workloads.bot.limits.tokensPerDay'],
    ['in words', { [own]: { tokensPerDay: 'many' } }, 'wrong_type workloads.bot.limits.tokensPerDay'],
    ['money without a currency', { [own]: { costPerDay: '5' } }, 'wrong_value workloads.bot.limits.costPerDay'],
    ['an amount of zero', { [own]: { costPerDay: '0 USD' } }, 'wrong_value workloads.bot.limits.costPerDay'],
    [
      'a misspelt amount',
      { [own]: { tokenPerDay: 5000 } },
      'unknown_key workloads.bot.limits.tokenPerDay',
      'tokensPerDay',
    ],
    ['no amount', { [own]: {} }, 'missing_key workloads.bot.limits'],
    ['no amount per caller', { [own]: { perCaller: {} } }, 'missing_key workloads.bot.limits.perCaller'],
    ['no amount of an instance', { 'instances/one/limits': {} }, 'missing_key instances.one.limits'],
    ['no amount of a rule', { [rule]: { workloads: ['bot'] } }, 'missing_key limits.rules.all'],
    [
      'an unknown workload',
      { [rule]: { callsInFlight: 5, workloads: ['bto'] } },
      'unknown_name limits.rules.all.workloads[0]',
      'bot',
    ],
    [
      'an unknown instance',
      { [rule]: { callsInFlight: 5, instances: ['three', 'one'] } },
      'unknown_name limits.rules.all.instances[0]',
    ],
    [
      'an unknown deployment',
      { [rule]: { callsInFlight: 5, deployments: ['gpt-4'] } },
      'unknown_name limits.rules.all.deployments[0]',
      'gpt-4o',
    ],
    [
      'a workload twice',
      { [rule]: { callsInFlight: 5, workloads: ['bot', 'bot'] } },
      'duplicate limits.rules.all.workloads[1]',
    ],
    [
      'counted twice by one',
      { [rule]: { callsInFlight: 5, per: ['caller', 'caller'] } },
      'duplicate limits.rules.all.per[1]',
    ],
    [
      'counted by something else',
      { [rule]: { callsInFlight: 5, per: ['person'] } },
      'wrong_value limits.rules.all.per[0]',
    ],
    ['an unknown class', { 'workloads/bot/priority': 'urgent' }, 'unknown_name workloads.bot.priority'],
    ['a class by default', { 'limits/priorityClasses': ['gold', 'silver'] }, 'unknown_name workloads.bot.priority'],
    ['a class twice', { 'limits/priorityClasses': ['standard', 'standard'] }, 'duplicate limits.priorityClasses[1]'],
    [
      'a zone that does not exist',
      { 'limits/timeZone': 'Europe/Berlim' },
      'wrong_value limits.timeZone',
      'Europe/Berlin',
    ],
    ['a city without its continent', { 'limits/timeZone': 'berlin' }, 'wrong_value limits.timeZone', 'Europe/Berlin'],
    ['an offset in words', { 'limits/timeZone': 'UTC+25' }, 'wrong_value limits.timeZone'],
    ['a fiscal year from a month', { 'limits/fiscalYearStart': '04' }, 'wrong_value limits.fiscalYearStart', '04-01'],
    ['from a month by name', { 'limits/fiscalYearStart': '1 April' }, 'wrong_value limits.fiscalYearStart', '04-01'],
    ['without noughts', { 'limits/fiscalYearStart': '4-6' }, 'wrong_value limits.fiscalYearStart', '04-06'],
    ['from a number', { 'limits/fiscalYearStart': 4 }, 'wrong_type limits.fiscalYearStart'],
    ['from a day that some months lack', { 'limits/fiscalYearStart': '03-31' }, 'wrong_value limits.fiscalYearStart'],
    ['from a month that there is not', { 'limits/fiscalYearStart': '13-01' }, 'wrong_value limits.fiscalYearStart'],
    [
      'more money than is exact',
      { [own]: { costPerYear: '9000001 USD' } },
      'wrong_value workloads.bot.limits.costPerYear',
    ],
    ['store redis without the section redis', { limits: redisStore }, 'conflict limits.store'],
    [
      'redis without whenStoreIsDown',
      { limits: { store: 'redis' }, ...withRedis },
      'missing_key limits.whenStoreIsDown',
    ],
  ]
  for (const [what, values, problem, nearest] of cases) {
    test(`${what}: ${JSON.stringify(values)}`, async () => {
      const { errors } = await check(changedBy(values))
      assert.deepEqual(brief(errors), [problem])
      if (nearest !== undefined) assert.equal(errors[0]?.nearest, nearest)
    })
  }

  // Zero looks like "no limit" to some readers and like "nothing allowed" to others.
  test('zero is refused, with what to write instead', async () => {
    const [error] = (await check(changed(own, { tokensPerMinute: 0 }))).errors
    assert.equal(error?.expected, 'at least 1; for no limit, leave it out')
  })

  test('the behaviour without Redis must be chosen, and the message names the three choices', async () => {
    const { errors } = await check(changedBy({ limits: { store: 'redis' }, ...withRedis }))
    for (const choice of ['refuse', 'local', 'allow'])
      assert.match(errors[0]?.expected ?? '', new RegExp(`${choice} \\(`))
    assert.deepEqual(await check(changedBy({ limits: redisStore, ...withRedis })), { errors: [], warnings: [] })
  })
})

suite('limits that are probably a mistake cause a warning', () => {
  const cases: readonly Case[] = [
    [
      'a minute above the day',
      { [own]: { tokensPerMinute: 5000, tokensPerDay: 4000 } },
      'workloads.bot.limits.tokensPerMinute',
    ],
    [
      'a week above the month',
      { [own]: { tokensPerWeek: 5000, tokensPerMonth: 4000 } },
      'workloads.bot.limits.tokensPerWeek',
    ],
    [
      'a month above the quarter',
      { [own]: { tokensPerMonth: 5000, tokensPerQuarter: 4000 } },
      'workloads.bot.limits.tokensPerMonth',
    ],
    [
      'a quarter dearer than the year',
      { [own]: { costPerQuarter: '5 USD', costPerYear: '4.99 USD' } },
      'workloads.bot.limits.costPerQuarter',
    ],
    [
      'a year above what is kept',
      { [own]: { costPerYear: '9 USD' }, 'ledger/retain/records': '365d' },
      'ledger.retain.records',
    ],
    [
      'a quarter above what is kept',
      { [rule]: { tokensPerQuarter: 9000 }, 'ledger/retain/records': '91d' },
      'ledger.retain.records',
    ],
    [
      'a month above what is kept, of an instance',
      { 'instances/one/limits': { tokensPerMonth: 9000 }, 'ledger/retain': { records: '30d', bodies: '1d' } },
      'ledger.retain.records',
    ],
    [
      'a day dearer than the month',
      { [own]: { costPerDay: '5 USD', costPerMonth: '4.99 USD' } },
      'workloads.bot.limits.costPerDay',
    ],
    [
      'a minute that seconds cannot fill',
      { [own]: { requestsPerSecond: 1, requestsPerMinute: 61 } },
      'workloads.bot.limits.requestsPerMinute',
    ],
    [
      'callers above the whole',
      { [own]: { tokensPerDay: 5000, perCaller: { tokensPerDay: 6000 } } },
      'workloads.bot.limits.perCaller.tokensPerDay',
    ],
    [
      'a deployment above its instance',
      { 'instances/one/limits': { callsInFlight: 5 }, 'instances/one/deployments/small/limits': { callsInFlight: 6 } },
      'instances.one.deployments.small.limits.callsInFlight',
    ],
    ['less than one call reserves', { [own]: { tokensPerMinute: 999 } }, 'workloads.bot.limits.tokensPerMinute'],
    [
      'a rule that no call meets',
      { [rule]: { callsInFlight: 5, workloads: ['bot'], deployments: ['small'] } },
      'limits.rules.all.deployments',
    ],
    [
      'a rule for instances that no call reaches',
      { 'workloads/bot/targets': ['two'], [rule]: { callsInFlight: 5, workloads: ['bot'], instances: ['one'] } },
      'limits.rules.all.instances',
    ],
    [
      'a counter that only one rule uses',
      { [rule]: { callsInFlight: 5, counter: 'shared' } },
      'limits.rules.all.counter',
    ],
    [
      'a counter of two measures',
      { [rule]: { callsInFlight: 5, counter: 'shared' }, 'limits/rules/b': { tokensPerDay: 5000, counter: 'shared' } },
      'limits.rules.all.counter',
    ],
    [
      'a counter of two ways to count',
      {
        [rule]: { callsInFlight: 5, counter: 'x', per: ['caller'] },
        'limits/rules/b': { callsInFlight: 6, counter: 'x' },
      },
      'limits.rules.b.counter',
    ],
    ['whenStoreIsDown without redis', { 'limits/whenStoreIsDown': 'local' }, 'limits.whenStoreIsDown'],
    ['replicas that count separately', { ...withRedis, [own]: { callsInFlight: 5 } }, 'limits.store'],
    [
      'no time to wait',
      { 'limits/waitingLine': { length: 5, maxWait: '20ms', aging: '10ms' } },
      'limits.waitingLine.maxWait',
    ],
    [
      'a wait longer than the exchange',
      {
        'limits/waitingLine': { length: 5, maxWait: '90s' },
        'gateway/timeouts': { total: '60s', connect: '1s', firstByte: '1s', streamIdle: '1s' },
      },
      'limits.waitingLine.maxWait',
    ],
    [
      'aging longer than the wait',
      { 'limits/waitingLine': { length: 5, maxWait: '500ms' } },
      'limits.waitingLine.aging',
    ],
  ]
  for (const [what, values, at] of cases) {
    test(`${what}: ${at}`, async () => {
      const { errors, warnings } = await check(changedBy(values))
      assert.deepEqual(brief(errors), [])
      assert.ok(brief(warnings).includes(`risk ${at}`), brief(warnings).join() || 'no warning')
    })
  }

  // Warnings without a cause teach people to ignore the others.
  test('ordinary limits cause no warning', async () => {
    const values = {
      [own]: {
        tokensPerMinute: 60_000,
        tokensPerDay: 5_000_000,
        requestsPerSecond: 10,
        requestsPerMinute: 600,
        callsInFlight: 20,
        costPerDay: '20 USD',
        costPerMonth: '500 USD',
        costPerQuarter: '1200 USD',
        costPerYear: '4000 USD',
        perCaller: { tokensPerMinute: 10_000, mode: 'shadow' },
      },
      'instances/one/limits': { tokensPerMinute: 450_000 },
      'instances/one/deployments/small/limits': { tokensPerMinute: 200_000 },
      'limits/timeZone': 'europe/berlin',
      'limits/fiscalYearStart': '10-01',
      'limits/waitingLine': { length: 100 },
      [rule]: {
        callsInFlight: 5,
        workloads: ['bot'],
        deployments: ['gpt-4o'],
        counter: 'x',
        per: ['caller', 'workload'],
      },
      'limits/rules/b': { callsInFlight: 6, instances: ['one'], counter: 'x', per: ['workload', 'caller'] },
      'limits/rules/company': {
        costPerMonth: '5000 USD',
        callers: [{ tenant: '11111111-2222-3333-4444-555555555555' }],
      },
    }
    assert.deepEqual(await check(changedBy(values)), { errors: [], warnings: [] })
  })

  test('limits with only a perCaller part are complete', async () => {
    assert.deepEqual(await check(changed(own, { perCaller: { callsInFlight: 2 } })), { errors: [], warnings: [] })
  })
})
