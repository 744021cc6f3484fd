import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilOf } from './until.ts'

/** A Wednesday; 00:30 on Thursday in Berlin. */
const nowMs = Date.UTC(2026, 10, 25, 23, 30)

test('the end of an override is what people mean, by the time zone of the limits', () => {
  const rows: readonly (readonly [string, string, string | null])[] = [
    ['90m', 'UTC', '2026-11-26T01:00:00.000Z'],
    ['2d', 'Europe/Berlin', '2026-11-27T23:30:00.000Z'],
    ['today', 'UTC', '2026-11-26T00:00:00.000Z'],
    ['today', 'Europe/Berlin', '2026-11-26T23:00:00.000Z'],
    ['tomorrow', 'Europe/Berlin', '2026-11-27T23:00:00.000Z'],
    ['wednesday', 'UTC', '2026-11-26T00:00:00.000Z'],
    ['Friday', 'Europe/Berlin', '2026-11-27T23:00:00.000Z'],
    ['wednesday', 'Europe/Berlin', '2026-12-02T23:00:00.000Z'],
    ['2026-11-30', 'America/New_York', '2026-12-01T05:00:00.000Z'],
    ['2026-11-27T18:00:00+01:00', 'UTC', '2026-11-27T17:00:00.000Z'],
    ['2026-11-31', 'UTC', null],
    ['2026-11-27T18:00:00', 'UTC', null],
    ['fri', 'UTC', null],
    ['', 'UTC', null],
  ]
  for (const [text, timeZone, expected] of rows) {
    const atMs = untilOf(text, nowMs, timeZone)
    assert.equal(atMs === null ? null : new Date(atMs).toISOString(), expected, `${text} in ${timeZone}`)
  }
})

test('a day ends when clocks change as it ends on others: a day of 25 hours is whole', () => {
  const before = Date.UTC(2026, 9, 24, 12)
  assert.equal(untilOf('2026-10-25', before, 'Europe/Berlin'), Date.UTC(2026, 9, 25, 23))
})
