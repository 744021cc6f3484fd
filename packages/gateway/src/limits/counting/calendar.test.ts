import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Calendar } from './calendar.ts'
import { Tally } from './tally.ts'
import { windowFor } from './windows.ts'

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo']
const units = ['hour', 'day', 'week', 'month'] as const
const hourMs = 3_600_000

function local(zone: string, ms: number): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  return Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
}

/** Times when the zone's clocks change, 2016 to 2035. */
function changesOf(zone: string): number[] {
  const changes: number[] = []
  let at = Temporal.Instant.fromEpochMilliseconds(Date.UTC(2016, 0, 1)).toZonedDateTimeISO(zone)
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (next === null || next.year >= 2036) return changes
    changes.push(next.epochMilliseconds)
    at = next
  }
}

// Otherwise budgets renew an hour late or early on the day when clocks change.
test('P7 windows of every zone follow each other without gap or overlap, and begin at midnight in the zone', () => {
  const anyTime = fc.integer({ min: Date.UTC(2016, 0, 1), max: Date.UTC(2036, 0, 1) })
  const zoneAndTime = fc.constantFrom(...zones).chain(zone => {
    const changes = changesOf(zone)
    if (changes.length === 0) return fc.tuple(fc.constant(zone), anyTime)
    const change = fc.constantFrom(...changes)
    const around = fc.tuple(change, fc.integer({ min: -2 * hourMs, max: 2 * hourMs })).map(([at, ms]) => at + ms)
    return fc.tuple(fc.constant(zone), fc.oneof(anyTime, around, change))
  })
  fc.assert(
    fc.property(zoneAndTime, fc.constantFrom(...units), ([zone, ms], unit) => {
      const calendar = new Calendar(zone)
      const { startMs, endMs } = calendar.windowAt(unit, ms)
      assert.ok(startMs <= ms && ms < endMs)
      assert.deepEqual(new Calendar(zone).windowAt(unit, startMs), { startMs, endMs })
      assert.equal(new Calendar(zone).windowAt(unit, endMs).startMs, endMs)
      assert.equal(new Calendar(zone).windowAt(unit, startMs - 1).endMs, startMs)
      const first = local(zone, startMs)
      assert.equal(first['second'], '00')
      if (unit === 'hour') return
      // When the clocks change at midnight, the day begins at 01:00.
      assert.match(`${first['hour']}:${first['minute']}`, /^0[01]:00$/)
      if (unit === 'week') assert.equal(first['weekday'], 'Mon')
      if (unit === 'month') assert.equal(first['day'], '01')
    }),
    { numRuns: 600 },
  )
})

test('P7 in Europe/Berlin the days of clock changes have 23 and 25 hours', () => {
  const calendar = new Calendar('Europe/Berlin')
  const hours = (ms: number): number => {
    const { startMs, endMs } = calendar.windowAt('day', ms)
    return (endMs - startMs) / hourMs
  }
  assert.equal(hours(Date.UTC(2026, 2, 28, 12)), 24)
  assert.equal(hours(Date.UTC(2026, 2, 29, 12)), 23)
  assert.equal(hours(Date.UTC(2026, 9, 25, 12)), 25)
})

test('when clocks change by half an hour, the half hour that remains or is repeated is a window', () => {
  const windowsFrom = (ms: number): unknown[] => {
    const windows: unknown[] = []
    for (let at = ms; windows.length < 3; ) {
      const { startMs, endMs } = new Calendar('Australia/Lord_Howe').windowAt('hour', at)
      const from = local('Australia/Lord_Howe', startMs)
      windows.push([`${from['hour']}:${from['minute']}`, (endMs - startMs) / 60_000])
      at = endMs
    }
    return windows
  }
  // At 2:00 it is 1:30 again.
  assert.deepEqual(windowsFrom(Date.UTC(2021, 3, 3, 14)), [
    ['01:00', 60],
    ['01:30', 30],
    ['02:00', 60],
  ])
  // At 2:00 it is 2:30.
  assert.deepEqual(windowsFrom(Date.UTC(2021, 9, 2, 14, 30)), [
    ['01:00', 60],
    ['02:30', 30],
    ['03:00', 60],
  ])
})

test('an hour that occurs twice is two windows', () => {
  const calendar = new Calendar('Europe/Berlin')
  const first = calendar.windowAt('hour', Date.UTC(2026, 9, 25, 0, 30))
  const second = calendar.windowAt('hour', Date.UTC(2026, 9, 25, 1, 30))
  assert.equal(first.endMs, second.startMs)
  assert.equal(second.endMs - second.startMs, hourMs)
})

// Otherwise a change of zone in the middle of a day would give a second budget for that day.
test('after a change of zone, the current window runs to its old end, and the next ones are of the new zone', () => {
  const calendar = new Calendar('UTC')
  const day = new Tally(windowFor({ kind: 'calendar', unit: 'day' }, calendar))
  const at = (hour: number): { atMs: number; steadyMs: number } => {
    const ms = Date.UTC(2026, 0, 1, hour)
    return { atMs: ms, steadyMs: ms }
  }
  day.sum(at(9))
  day.take(100, at(9))
  calendar.use('Asia/Tokyo')
  assert.equal(day.sum(at(20)), 100, 'midnight in Tokyo was at 15:00')
  assert.equal(day.sum(at(24)), 0)
  day.take(50, at(24))
  assert.equal(day.sum(at(38)), 50)
  assert.equal(day.sum(at(39)), 0, 'midnight in Tokyo')
})
