import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Calendar } from './calendar.ts'
import { Tally } from './tally.ts'
import { windowFor } from './windows.ts'

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo']
const units = ['hour', 'day', 'week', 'month'] as const
const fiscalYearStart = '01-01'
const hourMs = 3_600_000

function calendarOf(timeZone: string, start = fiscalYearStart): Calendar {
  return new Calendar({ timeZone, fiscalYearStart: start })
}

function local(zone: string, ms: number): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
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

const anyTime = fc.integer({ min: Date.UTC(2016, 0, 1), max: Date.UTC(2036, 0, 1) })
/** Also the hours in which clocks change. */
const zoneAndTime = fc.constantFrom(...zones).chain(zone => {
  const changes = changesOf(zone)
  if (changes.length === 0) return fc.tuple(fc.constant(zone), anyTime)
  const change = fc.constantFrom(...changes)
  const around = fc.tuple(change, fc.integer({ min: -2 * hourMs, max: 2 * hourMs })).map(([at, ms]) => at + ms)
  return fc.tuple(fc.constant(zone), fc.oneof(anyTime, around, change))
})

// Otherwise budgets renew an hour late or early on the day when clocks change.
test('P7 windows of every zone follow each other without gap or overlap, and begin at midnight in the zone', () => {
  fc.assert(
    fc.property(zoneAndTime, fc.constantFrom(...units), ([zone, ms], unit) => {
      const calendar = calendarOf(zone)
      const { startMs, endMs } = calendar.windowAt(unit, ms)
      assert.ok(startMs <= ms && ms < endMs)
      assert.deepEqual(calendarOf(zone).windowAt(unit, startMs), { startMs, endMs })
      assert.equal(calendarOf(zone).windowAt(unit, endMs).startMs, endMs)
      assert.equal(calendarOf(zone).windowAt(unit, startMs - 1).endMs, startMs)
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
  const calendar = calendarOf('Europe/Berlin')
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
      const { startMs, endMs } = calendarOf('Australia/Lord_Howe').windowAt('hour', at)
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
  const calendar = calendarOf('Europe/Berlin')
  const first = calendar.windowAt('hour', Date.UTC(2026, 9, 25, 0, 30))
  const second = calendar.windowAt('hour', Date.UTC(2026, 9, 25, 1, 30))
  assert.equal(first.endMs, second.startMs)
  assert.equal(second.endMs - second.startMs, hourMs)
})

// Otherwise a change of zone in the middle of a day would give a second budget for that day.
test('after a change of zone, the current window runs to its old end, and the next ones are of the new zone', () => {
  const calendar = calendarOf('UTC')
  const day = new Tally(windowFor({ kind: 'calendar', unit: 'day' }, calendar))
  const at = (hour: number): { atMs: number; steadyMs: number } => {
    const ms = Date.UTC(2026, 0, 1, hour)
    return { atMs: ms, steadyMs: ms }
  }
  day.sum(at(9))
  day.take(100, at(9))
  calendar.use({ timeZone: 'Asia/Tokyo', fiscalYearStart })
  assert.equal(day.sum(at(20)), 100, 'midnight in Tokyo was at 15:00')
  assert.equal(day.sum(at(24)), 0)
  day.take(50, at(24))
  assert.equal(day.sum(at(38)), 50)
  assert.equal(day.sum(at(39)), 0, 'midnight in Tokyo')
})

/** A date of the zone as one number: 20260401 is 1 April 2026. */
const dateAt = (zone: string, ms: number): number => {
  const { year, month, day } = local(zone, ms)
  return Number(`${year}${month}${day}`)
}

/**
 * The first day of the fiscal quarter or year that has a date, found by trying: dates are numbers, and the last
 * beginning up to the date is the one.
 */
function fiscalBeginning(date: number, start: string, months: number): number {
  const [month = 0, day = 0] = start.split('-').map(Number)
  const year = Math.floor(date / 10_000)
  const beginnings = [year - 1, year, year + 1].flatMap(of =>
    Array.from({ length: 12 / months }, (_, at) => month + at * months).map(of12 =>
      of12 > 12 ? (of + 1) * 10_000 + (of12 - 12) * 100 + day : of * 10_000 + of12 * 100 + day,
    ),
  )
  return Math.max(...beginnings.filter(one => one <= date))
}

const fiscalStarts = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
const asText = (parts: readonly number[]): string => parts.map(part => String(part).padStart(2, '0')).join('-')

// A quarter that begins a day early gives what is left of the old budget away; one that begins late stops a department.
test('P7 fiscal quarters and years begin at the first moment of their first day in the zone, without gap or overlap', () => {
  const lengths = { quarter: 3, year: 12 } as const
  fc.assert(
    fc.property(
      zoneAndTime,
      fiscalStarts.map(asText),
      fc.constantFrom('quarter' as const, 'year' as const),
      ([zone, ms], start, unit) => {
        const calendar = (): Calendar => calendarOf(zone, start)
        const { startMs, endMs } = calendar().windowAt(unit, ms)
        assert.ok(startMs <= ms && ms < endMs)
        const first = fiscalBeginning(dateAt(zone, ms), start, lengths[unit])
        assert.equal(dateAt(zone, startMs), first)
        assert.ok(dateAt(zone, startMs - 1) < first, 'it is the first moment of that day')
        assert.equal(fiscalBeginning(dateAt(zone, endMs), start, lengths[unit]), dateAt(zone, endMs))
        assert.deepEqual(calendar().windowAt(unit, endMs - 1), { startMs, endMs })
        assert.equal(calendar().windowAt(unit, endMs).startMs, endMs)
        assert.equal(calendar().windowAt(unit, startMs - 1).endMs, startMs)
        const year = calendar().windowAt('year', ms)
        const quarters: number[] = []
        for (let at = year.startMs; at < year.endMs; ) {
          quarters.push(at)
          at = calendar().windowAt('quarter', at).endMs
        }
        assert.equal(quarters.length, 4, 'a year is four quarters')
      },
    ),
    { numRuns: 600, seed: 20_261_126 },
  )
})

test('P7 with the default a quarter is one of the calendar, and with 04-06 the year is that of British taxes', () => {
  const span = (calendar: Calendar, unit: 'quarter' | 'year', at: string): string[] => {
    const { startMs, endMs } = calendar.windowAt(unit, Date.parse(at))
    return [startMs, endMs].map(ms => new Date(ms).toISOString())
  }
  const berlin = calendarOf('Europe/Berlin')
  // The clocks change within each of these quarters: they have an hour less or more.
  assert.deepEqual(span(berlin, 'quarter', '2026-02-10T00:00:00Z'), [
    '2025-12-31T23:00:00.000Z',
    '2026-03-31T22:00:00.000Z',
  ])
  assert.deepEqual(span(berlin, 'quarter', '2026-12-31T22:59:59Z'), [
    '2026-09-30T22:00:00.000Z',
    '2026-12-31T23:00:00.000Z',
  ])
  const london = calendarOf('Europe/London', '04-06')
  assert.deepEqual(span(london, 'year', '2026-04-05T22:59:59Z'), [
    '2025-04-05T23:00:00.000Z',
    '2026-04-05T23:00:00.000Z',
  ])
  assert.deepEqual(span(london, 'quarter', '2026-04-05T23:00:00Z'), [
    '2026-04-05T23:00:00.000Z',
    '2026-07-05T23:00:00.000Z',
  ])
})

test('P7 after a change of the fiscal start, the current quarter runs to its old end, and the next is of the new year', () => {
  const calendar = calendarOf('UTC')
  const quarter = new Tally(windowFor({ kind: 'calendar', unit: 'quarter' }, calendar))
  const at = (date: string): { atMs: number; steadyMs: number } => ({
    atMs: Date.parse(date),
    steadyMs: Date.parse(date),
  })
  quarter.sum(at('2026-02-10'))
  quarter.take(100, at('2026-02-10'))
  calendar.use({ timeZone: 'UTC', fiscalYearStart: '02-15' })
  assert.equal(quarter.sum(at('2026-03-31')), 100, 'a quarter of the new year has begun on 15 February')
  assert.equal(quarter.sum(at('2026-04-01')), 0)
  quarter.take(50, at('2026-04-01'))
  assert.equal(quarter.sum(at('2026-05-14')), 50)
  assert.equal(quarter.sum(at('2026-05-15')), 0)
})
