import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { noUsage } from '../../../wire/usage.ts'
import { closedOf, dayMs, keptLog, newId, openedOf } from '../../exchange.fixture.ts'
import type { Ledger } from '../../index.ts'
import { openLedger } from '../../open.ts'
import type { RecordFilter, UsageReport } from '../../reports.ts'
import { type Percentiles, type SeriesFigures, type SeriesQuery, seriesDimensions } from '../../series.ts'
import { sampleOf } from './series.ts'
import { stepsOf } from './steps.ts'

/** One ledger for all tests of this file: 600 calls over 60 days, in which most zones change their clocks. */
const start = Date.UTC(2026, 9, 1)
const end = start + 60 * dayMs
const pick = <T>(from: readonly T[], index: number): T => from[index % from.length] as T
interface Call {
  readonly startedAtMs: number
  readonly workload: string | null
  /** Null for a call that was sent nowhere. */
  readonly firstByteMs: number | null
  readonly durationMs: number
}
const calls: readonly Call[] = Array.from({ length: 600 }, (_, n) => ({
  // Half of them are close together, so that minutes and hours have several.
  startedAtMs: n % 2 === 0 ? start + n * 8_640_000 + 0.5 : start + 30 * dayMs + n * 7_000,
  workload: n % 13 === 0 ? null : `workload-${(n * n) % 7}`,
  firstByteMs: n % 5 === 0 ? null : (n * 37) % 900,
  durationMs: 900 + ((n * 53) % 5_000),
}))

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-series-'))
let ledger: Ledger

before(async () => {
  ledger = await openLedger({
    directory,
    fsync: 1_000,
    retain: { records: 400_000 * dayMs, bodies: 400_000 * dayMs },
    counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
    log: keptLog(),
  })
  for (const [n, { startedAtMs, workload, firstByteMs, durationMs }] of calls.entries()) {
    const id = newId()
    const opened = openedOf(id, {
      ...{ startedAtMs, workload },
      callerObjectId: pick(['a', 'b', 'c'], n >> 3),
      callerName: pick(['Alice', 'Bob', 'Alice'], n),
      requestedModel: pick(['gpt-4o', 'o3'], n >> 1),
      copyKind: n % 11 === 0 ? 'shadow' : null,
    })
    const closed = closedOf(id, {
      outcome: firstByteMs === null ? 'refused' : 'completed',
      servedModel: n % 3 === 0 ? null : 'gpt-4o-2024-08-06',
      sentAtMs: firstByteMs === null ? null : startedAtMs + 1,
      firstByteAtMs: firstByteMs === null ? null : startedAtMs + 1 + firstByteMs,
      endedAtMs: startedAtMs + durationMs,
      usage: { ...noUsage, source: 'reported', promptTokens: n, completionTokens: 7, totalTokens: n + 7 },
      cost: n % 4 === 0 ? null : { nano: n * 1_001, currency: pick(['USD', 'EUR'], n >> 7), price: 'p' },
    })
    await ledger.journal.close({ ...closed, opened }, [])
  }
  await ledger.caughtUp()
})
after(async () => {
  await ledger.close()
  rmSync(directory, { recursive: true, force: true })
})

const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe']
const filters: fc.Arbitrary<RecordFilter> = fc.constantFrom<RecordFilter>(
  {},
  { workload: 'workload-1' },
  { caller: 'Alice' },
  { outcome: 'completed', model: 'gpt-4o-2024-08-06' },
  { copyKind: 'none' },
  { workload: 'nobody' },
)
const queries: fc.Arbitrary<SeriesQuery> = fc
  .record({
    filter: filters,
    step: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const),
    timeZone: fc.constantFrom(...zones),
    by: fc.option(fc.constantFrom(...seriesDimensions), { nil: null }),
    top: fc.integer({ min: 1, max: 8 }),
    at: fc.double({ min: -0.1, max: 1, noNaN: true }),
    long: fc.double({ min: 0.001, max: 1, noNaN: true }),
  })
  .map(({ filter, at, long, ...asked }) => {
    // Most that fit into a series that is broken down.
    const most = { minute: 900 * 60_000, hour: 900 * 3_600_000, day: 70 * dayMs }[asked.step]
    const fromMs = asked.step === 'minute' ? start + 30 * dayMs + at * 3_600_000 : start + at * 60 * dayMs
    return { ...filter, ...asked, fromMs, toMs: fromMs + long * most }
  })

type Figures = UsageReport['total']
/** Without percentiles. An average is rounded: sums in another order differ in their last digit. */
function figuresOf({ firstByteMs: _, durationMs: __, averageDurationMs, ...figures }: SeriesFigures): object {
  return { ...figures, averageDurationMs: averageDurationMs === null ? null : Math.round(averageDurationMs) }
}
const usageOf = (figures: Figures): object => figuresOf({ ...figures, firstByteMs: null, durationMs: null })

const strip = ({ step: _, timeZone: __, top: ___, by: ____, ...filter }: SeriesQuery): RecordFilter => filter

/** What the clock on the wall says in a zone, without its offset. */
const wallOf = (ms: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toZonedDateTimeISO(zone).toPlainDateTime().toString()

// A budget of November in Berlin and a report of November in UTC differ by an hour of calls.
test('usage by month, day and hour is that of the zone, whatever its offset', async () => {
  const wallLengths = { month: 7, day: 10, hour: 13 } as const
  const asked = fc.record({
    timeZone: fc.constantFrom(...zones.slice(1)),
    by: fc.subarray(['month', 'day', 'hour'] as const, { minLength: 1 }),
    fromMs: fc.integer({ min: start - dayMs, max: end }),
    longMs: fc.integer({ min: 1, max: 60 * dayMs }),
  })
  await fc.assert(
    fc.asyncProperty(asked, async ({ timeZone, by, fromMs, longMs }) => {
      const toMs = fromMs + longMs
      const { lines } = await ledger.usage({ by, timeZone, fromMs, toMs })
      const found = new Map(
        lines.map(({ keys, calls: number }) => [keys.map(key => key?.slice(0, 13)).join(' '), number]),
      )
      const expected = new Map<string, number>()
      for (const { startedAtMs } of calls) {
        if (startedAtMs < fromMs || startedAtMs >= toMs) continue
        const wall = wallOf(startedAtMs, timeZone)
        const keys = by.map(dimension => wall.slice(0, wallLengths[dimension])).join(' ')
        expected.set(keys, (expected.get(keys) ?? 0) + 1)
      }
      assert.deepEqual([...found].toSorted(), [...expected].toSorted())
    }),
    { numRuns: 60 },
  )
})

// The chart on a page and the invoice come from different questions: they must never tell two stories.
test('a series equals the usage of the same filter, as a whole, by group and step by step', async () => {
  await fc.assert(
    fc.asyncProperty(queries, fc.nat(), async (query, chosen) => {
      const series = await ledger.series(query)
      const by = query.by ?? 'workload'
      const usage = await ledger.usage({ ...strip(query), by: [by] })
      assert.deepEqual(figuresOf(series.total), usageOf(usage.total))

      const keyed = (report: UsageReport, callerKey: string | null, key: string | null) =>
        report.lines.find(line => (query.by === 'caller' ? line.callerKey === callerKey : line.keys[0] === key))
      for (const [at, { key, callerKey, isRest, ...group }] of series.groups.entries()) {
        const ofGroup = series.points.filter(point => point.group === at)
        assert.equal(
          ofGroup.reduce((sum, { totalTokens }) => sum + totalTokens, 0),
          group.totalTokens,
        )
        if (query.by === null || isRest) continue
        const line = keyed(usage, callerKey, key)
        assert.ok(line !== undefined)
        const { keys: _, callerKey: __, ...figures } = line
        assert.deepEqual(figuresOf(group), usageOf(figures))
      }

      const at = chosen % series.steps.length
      const fromMs = Math.max(series.steps[at] ?? 0, query.fromMs)
      const toMs = Math.min(series.steps[at + 1] ?? Number.POSITIVE_INFINITY, query.toMs)
      const ofStep = await ledger.usage({ ...strip(query), fromMs, toMs, by: [by] })
      const points = series.points.filter(({ step }) => step === at)
      assert.equal(
        points.reduce((sum, point) => sum + point.calls, 0),
        ofStep.total.calls,
      )
      for (const { step: _, group, ...point } of points) {
        const { key, callerKey, isRest } = series.groups[group] ?? assert.fail()
        if (query.by === null) assert.deepEqual(figuresOf(point), usageOf(ofStep.total))
        else if (!isRest) {
          const { keys: __, callerKey: ___, ...figures } = keyed(ofStep, callerKey, key) ?? assert.fail()
          assert.deepEqual(figuresOf(point), usageOf(figures))
        }
      }
    }),
    { numRuns: 25 },
  )
})

/** As spreadsheets and DuckDB compute it: between the two values next to it. */
function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? 0
  return below + ((sorted[Math.ceil(at)] ?? 0) - below) * (at - Math.floor(at))
}
function percentilesOf(values: readonly number[]): Percentiles | null {
  const sorted = values.toSorted((a, b) => a - b)
  const of = (q: number): number => Math.round(quantile(sorted, q))
  return sorted.length === 0 ? null : { p50: of(0.5), p95: of(0.95), p99: of(0.99) }
}
const roundedTimes = (times: Percentiles | null): Percentiles | null =>
  times === null ? null : { p50: Math.round(times.p50), p95: Math.round(times.p95), p99: Math.round(times.p99) }

// A page that says "p99: 2 s" of calls that took 20 makes an engineer look elsewhere.
test('percentiles are those of the calls that were sent, for each day of a zone and for the period', async () => {
  const timeZone = 'Asia/Kolkata'
  const series = await ledger.series({ fromMs: start, toMs: end, step: 'day', timeZone, by: null, top: 1 })
  const sent = calls.flatMap(call => (call.firstByteMs === null ? [] : [{ ...call, firstByteMs: call.firstByteMs }]))
  const dayOf = (ms: number): string =>
    Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toZonedDateTimeISO(timeZone).toPlainDate().toString()
  for (const { step, firstByteMs, durationMs } of series.points) {
    const ofDay = sent.filter(({ startedAtMs }) => dayOf(startedAtMs) === dayOf(series.steps[step] ?? 0))
    assert.deepEqual(roundedTimes(firstByteMs), percentilesOf(ofDay.map(call => call.firstByteMs)))
    assert.deepEqual(roundedTimes(durationMs), percentilesOf(ofDay.map(call => call.durationMs)))
  }
  assert.ok(series.points.length > 50)
  assert.equal(series.percentilesOfOneIn, 1)
  assert.deepEqual(roundedTimes(series.total.firstByteMs), percentilesOf(sent.map(call => call.firstByteMs)))
  assert.deepEqual(roundedTimes(series.groups[0]?.durationMs ?? null), percentilesOf(sent.map(call => call.durationMs)))
})

test('percentiles are of all calls up to two hundred thousand, and of a hundred thousand or fewer above', () => {
  assert.deepEqual([0, 1, 200_000].map(sampleOf), [1, 1, 1])
  fc.assert(
    fc.property(fc.integer({ min: 200_001, max: 1e9 }), calls => {
      const left = calls / sampleOf(calls)
      assert.ok(left > 60_000 && left <= 100_000)
    }),
  )
})

// A day of 25 hours that is cut into 24 leaves an hour of calls in no bar of the chart.
test('days have the hours that the zone gives them', () => {
  const steps = stepsOf({
    fromMs: Date.UTC(2026, 9, 24, 12),
    toMs: Date.UTC(2026, 9, 27),
    step: 'day',
    timeZone: 'Europe/Berlin',
  })
  const hours = steps.startsMs.slice(1).map((ms, at) => (ms - (steps.startsMs[at] ?? 0)) / 3_600_000)
  assert.deepEqual(hours, [24, 25, 24])
  assert.deepEqual(steps.dividedHours, [])
  const kathmandu = stepsOf({ fromMs: start, toMs: start + 2 * dayMs, step: 'day', timeZone: 'Asia/Kathmandu' })
  assert.equal(kathmandu.dividedHours.length, 3)
})

// A browser that is sent a million points hangs; a message that says what to do instead takes no time.
test('a series that is too long or in no zone is refused with what to do', async () => {
  const query = { fromMs: start, toMs: end, step: 'minute', timeZone: 'UTC', by: null, top: 10 } as const
  await assert.rejects(ledger.series(query), {
    message: /86400 steps of a minute; .* at most 2000\. Ask for a shorter time, or steps of an hour\./,
  })
  await assert.rejects(ledger.series({ ...query, step: 'hour', by: 'workload' }), {
    message: /broken down has at most 1000 steps; this one has 1440/,
  })
  await assert.rejects(ledger.series({ ...query, step: 'day', timeZone: 'Europe/Berlim' }), { message: /^tz must be/ })
})
