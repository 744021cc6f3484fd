import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forecastOf, forecastOfMeasure } from './forecast.ts'

const renewsAtMs = Date.parse('2026-12-01T00:00:00Z')

test('half of a month’s use after half of the month is the whole at its end', () => {
  const forecast = forecastOf({ used: 500, limit: 2_000, renewsAtMs }, Date.parse('2026-11-16T00:00:00Z'))
  assert.deepEqual(forecast, { atEnd: 1_000, overAtMs: null })
})

test('a budget that will not last says when it is used up', () => {
  const forecast = forecastOf({ used: 500, limit: 750, renewsAtMs }, Date.parse('2026-11-16T00:00:00Z'))
  assert.equal(forecast?.overAtMs, Date.parse('2026-11-23T12:00:00Z'))
})

test('a budget that is used up is over now, and one that nobody uses never is', () => {
  const nowMs = Date.parse('2026-11-16T00:00:00Z')
  assert.equal(forecastOf({ used: 900, limit: 750, renewsAtMs }, nowMs)?.overAtMs, nowMs)
  assert.deepEqual(forecastOf({ used: 0, limit: 750, renewsAtMs }, nowMs), { atEnd: 0, overAtMs: null })
})

test('the first day of a month has no forecast, also where months begin in another zone', () => {
  assert.equal(forecastOf({ used: 1, limit: 2, renewsAtMs }, Date.parse('2026-11-01T23:59:00Z')), null)
  const inTokyo = { used: 310, limit: 2_000, renewsAtMs: Date.parse('2026-10-31T15:00:00Z') }
  assert.equal(forecastOf(inTokyo, Date.parse('2026-10-01T14:59:00Z'))?.atEnd, undefined)
  assert.equal(forecastOf(inTokyo, Date.parse('2026-10-10T15:00:00Z'))?.atEnd, 961)
})

test('a day and a week are forecast by what has passed of them, and a minute is not', () => {
  const endMs = Date.parse('2026-11-30T00:00:00Z')
  const budget = { used: 300, limit: 500, renewsAtMs: endMs }
  const noon = Date.parse('2026-11-29T12:00:00Z')
  assert.deepEqual(forecastOfMeasure('tokensPerDay', budget, noon), {
    atEnd: 600,
    overAtMs: Date.parse('2026-11-29T20:00:00Z'),
  })
  assert.equal(forecastOfMeasure('tokensPerDay', budget, Date.parse('2026-11-29T01:59:00Z')), null)
  const thirdDay = Date.parse('2026-11-26T00:00:00Z')
  assert.deepEqual(forecastOfMeasure('tokensPerWeek', { ...budget, used: 90 }, thirdDay), {
    atEnd: 210,
    overAtMs: null,
  })
  assert.equal(forecastOfMeasure('tokensPerMinute', budget, noon), null)
  assert.deepEqual(
    forecastOfMeasure('costPerMonth', { ...budget, renewsAtMs }, noon),
    forecastOf({ ...budget, renewsAtMs }, noon),
  )
})
