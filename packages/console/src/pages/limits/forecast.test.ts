import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forecastOf, isBudget } from './forecast.ts'

const month = { beganAtMs: Date.parse('2026-11-01T00:00:00Z'), renewsAtMs: Date.parse('2026-12-01T00:00:00Z') }
const half = Date.parse('2026-11-16T00:00:00Z')

test('half of a month’s use after half of the month is the whole at its end', () => {
  const forecast = forecastOf('costPerMonth', { used: 500, limit: 2_000, ...month }, half)
  assert.deepEqual(forecast, { atEnd: 1_000, overAtMs: null })
})

test('a budget that will not last says when it is used up', () => {
  const forecast = forecastOf('costPerMonth', { used: 500, limit: 750, ...month }, half)
  assert.equal(forecast?.overAtMs, Date.parse('2026-11-23T12:00:00Z'))
})

test('a budget that is used up is over now, and one that nobody uses never is', () => {
  assert.equal(forecastOf('costPerMonth', { used: 900, limit: 750, ...month }, half)?.overAtMs, half)
  const unused = forecastOf('costPerMonth', { used: 0, limit: 750, ...month }, half)
  assert.deepEqual(unused, { atEnd: 0, overAtMs: null })
})

test('the first day of a month, a quarter or a year has no forecast, wherever its zone lets it begin', () => {
  const first = Date.parse('2026-11-01T23:59:00Z')
  const inTokyo = { used: 310, limit: 2_000, beganAtMs: Date.parse('2026-09-30T15:00:00Z') }
  const october = { ...inTokyo, renewsAtMs: Date.parse('2026-10-31T15:00:00Z') }
  for (const measure of ['costPerMonth', 'costPerQuarter', 'tokensPerYear']) {
    assert.equal(forecastOf(measure, { used: 1, limit: 2, ...month }, first), null)
    assert.equal(forecastOf(measure, october, Date.parse('2026-10-01T14:59:00Z')), null)
  }
  assert.equal(forecastOf('costPerMonth', october, Date.parse('2026-10-10T15:00:00Z'))?.atEnd, 961)
})

test('each window is forecast by what has passed of it, and a minute is not', () => {
  const renewsAtMs = Date.parse('2026-11-30T00:00:00Z')
  const budget = { used: 300, limit: 500, renewsAtMs }
  const day = { ...budget, beganAtMs: Date.parse('2026-11-29T00:00:00Z') }
  const noon = Date.parse('2026-11-29T12:00:00Z')
  assert.deepEqual(forecastOf('tokensPerDay', day, noon), { atEnd: 600, overAtMs: Date.parse('2026-11-29T20:00:00Z') })
  assert.equal(forecastOf('tokensPerDay', day, Date.parse('2026-11-29T01:59:00Z')), null)
  const week = { ...budget, used: 90, beganAtMs: Date.parse('2026-11-23T00:00:00Z') }
  const thirdDay = Date.parse('2026-11-26T00:00:00Z')
  assert.deepEqual(forecastOf('tokensPerWeek', week, thirdDay), { atEnd: 210, overAtMs: null })
  // April to June, and a fiscal year from April: 91 and 365 days.
  const april = Date.parse('2026-04-01T00:00:00Z')
  const quarter = { used: 100, limit: 500, beganAtMs: april, renewsAtMs: Date.parse('2026-07-01T00:00:00Z') }
  const tenDays = Date.parse('2026-04-11T00:00:00Z')
  assert.deepEqual(forecastOf('costPerQuarter', quarter, tenDays), {
    atEnd: 910,
    overAtMs: Date.parse('2026-05-21T00:00:00Z'),
  })
  const year = { ...quarter, limit: 5_000, renewsAtMs: Date.parse('2027-04-01T00:00:00Z') }
  assert.deepEqual(forecastOf('costPerYear', year, tenDays), { atEnd: 3_650, overAtMs: null })
  assert.equal(forecastOf('tokensPerMinute', day, noon), null)
})

test('budgets are those of a month, a quarter and a year', () => {
  const measures = ['costPerDay', 'tokensPerWeek', 'costPerMonth', 'tokensPerQuarter', 'costPerYear', 'callsInFlight']
  assert.deepEqual(measures.filter(isBudget), ['costPerMonth', 'tokensPerQuarter', 'costPerYear'])
})
