import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rule } from './query.ts'
import { amountsOver, windowOf } from './window.ts'

const nowMs = Date.parse('2026-11-16T12:00:00Z')
const rule = (changes: Partial<Rule>): Rule =>
  ({
    ...{ rule: 'hr-bot', measure: 'costPerMonth', scope: 'workload hr-bot', subject: null, workloads: ['hr-bot'] },
    beganAtMs: Date.parse('2026-11-01T00:00:00Z'),
    renewsAtMs: Date.parse('2026-12-01T00:00:00Z'),
    ...changes,
  }) as Rule

test('a budget is shown from the beginning of its window, a limit of a minute over the last hours', () => {
  assert.deepEqual(windowOf(rule({}), nowMs), {
    ...{ step: 'day', adds: true, workload: 'hr-bot' },
    range: { fromMs: Date.parse('2026-11-01T00:00:00Z'), toMs: nowMs },
  })
  const day = windowOf(rule({ measure: 'tokensPerDay', beganAtMs: Date.parse('2026-11-16T00:00:00Z') }), nowMs)
  assert.equal(day?.range.fromMs, Date.parse('2026-11-16T00:00:00Z'))
  const april = Date.parse('2026-04-01T00:00:00Z')
  const year = windowOf(rule({ measure: 'costPerYear', beganAtMs: april }), nowMs)
  assert.deepEqual([year?.range.fromMs, year?.step, year?.adds], [april, 'day', true])
  const minute = windowOf(rule({ measure: 'requestsPerMinute', scope: 'everything', workloads: null }), nowMs)
  assert.deepEqual([minute?.adds, minute?.workload, minute?.step], [false, null, 'minute'])
})

// A chart of other calls than those that the rule counts would be believed.
test('a rule that counts a part of a workload has no chart', () => {
  for (const changes of [
    { subject: 'user:t/o' },
    { scope: 'each caller of hr-bot' },
    { scope: 'deployment gpt-4o', workloads: null },
    { workloads: ['hr-bot', 'other'] },
    { measure: 'callsInFlight' },
  ] as const) {
    assert.equal(windowOf(rule(changes as Partial<Rule>), nowMs), null, JSON.stringify(changes))
  }
})

test('amounts are added up where the window adds them, and steps without a call count nothing', () => {
  const point = (step: number, nano: number) => ({
    step,
    calls: 1,
    totalTokens: 10,
    costs: [{ nano, currency: 'USD' }],
  })
  const series = { steps: [0, 1, 2], points: [point(0, 5), point(2, 7)] } as unknown as Parameters<
    typeof amountsOver
  >[0]
  assert.deepEqual(amountsOver(series, rule({}), { adds: true }, 'USD'), [5, 5, 12])
  assert.deepEqual(amountsOver(series, rule({}), { adds: true }, 'EUR'), [0, 0, 0])
  assert.deepEqual(amountsOver(series, rule({ measure: 'tokensPerMinute' }), { adds: false }, 'USD'), [10, 0, 10])
})
