import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvOf } from './csv.ts'
import { minuteIn, type WholePeriod, wholePeriod } from './periods.ts'
import type { Line } from './query.ts'

const line = (name: string | null, costs: Line['costs']): Line => ({
  keys: ['2026-11', name],
  callerKey: null,
  calls: 3,
  completed: 3,
  refused: 0,
  failed: 0,
  aborted: 0,
  interrupted: 0,
  promptTokens: 30,
  cachedTokens: 10,
  completionTokens: 5,
  reasoningTokens: 1,
  totalTokens: 35,
  countedCalls: 0,
  averageDurationMs: 12,
  copies: 0,
  costs,
  unpricedCalls: 0,
})

test('a line of the CSV has the exact cost, and calls of two currencies are counted once', () => {
  const lines = [
    line('hr-bot', [
      { nano: 12_000_000_001, currency: 'USD' },
      { nano: 5, currency: 'EUR' },
    ]),
  ]
  assert.deepEqual(csvOf('workload', lines).split('\r\n').slice(1), [
    '2026-11,hr-bot,3,30,10,5,1,0,12.000000001,USD',
    '2026-11,hr-bot,0,0,0,0,0,0,0.000000005,EUR',
    '',
  ])
})

test('a name that a spreadsheet would run is text in the CSV', () => {
  for (const name of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1']) {
    const [, row = ''] = csvOf('workload', [line(name, [])]).split('\r\n')
    assert.ok(row.startsWith(`2026-11,'${name}`), row)
  }
  const [, quoted = ''] = csvOf('workload', [line('=HYPERLINK("http://x","a")', [])]).split('\r\n')
  assert.ok(quoted.startsWith(`2026-11,"'=HYPERLINK(""http://x"",""a"")",3`), quoted)
})

/** Both ends of a period, as the clocks of the zone show them. */
function ends(period: WholePeriod, now: string, timeZone = 'UTC', fiscalYearStart = '01-01'): string {
  const { fromMs, toMs } = wholePeriod(period, Date.parse(now), { timeZone, fiscalYearStart })
  return `${minuteIn(timeZone, fromMs)} ${minuteIn(timeZone, toMs)}`.replaceAll(' 00:00', '')
}

test('months are whole, also over the end of a year', () => {
  const now = '2027-01-15T12:00:00Z'
  assert.equal(ends('thisMonth', now), '2027-01-01 2027-02-01')
  assert.equal(ends('lastMonth', now), '2026-12-01 2027-01-01')
  assert.equal(ends('threeMonths', now), '2026-11-01 2027-02-01')
  assert.equal(ends('twelveMonths', now), '2026-02-01 2027-02-01')
})

test('quarters and years are fiscal ones, also where they begin within a month', () => {
  const now = '2027-01-05T12:00:00Z'
  assert.equal(ends('thisQuarter', now), '2027-01-01 2027-04-01')
  assert.equal(ends('lastQuarter', now), '2026-10-01 2027-01-01')
  assert.equal(ends('thisYear', now), '2027-01-01 2028-01-01')
  assert.equal(ends('thisYear', now, 'UTC', '10-01'), '2026-10-01 2027-10-01')
  assert.equal(ends('thisQuarter', now, 'UTC', '02-01'), '2026-11-01 2027-02-01')
  assert.equal(ends('thisQuarter', now, 'UTC', '04-06'), '2026-10-06 2027-01-06')
  assert.equal(ends('thisQuarter', '2027-01-06T00:00:00Z', 'UTC', '04-06'), '2027-01-06 2027-04-06')
  assert.equal(ends('lastQuarter', '2027-01-06T00:00:00Z', 'UTC', '04-06'), '2026-10-06 2027-01-06')
  assert.equal(ends('thisYear', now, 'UTC', '04-06'), '2026-04-06 2027-04-06')
})

test('periods begin in the zone of the budgets, at the first moment of their day', () => {
  // In Berlin it is the next year already.
  assert.equal(ends('thisMonth', '2026-12-31T23:30:00Z', 'Europe/Berlin'), '2027-01-01 2027-02-01')
  const quarter = wholePeriod('thisQuarter', Date.parse('2026-11-15T12:00:00Z'), {
    ...{ timeZone: 'Europe/Berlin', fiscalYearStart: '10-01' },
  })
  assert.deepEqual(
    [quarter.fromMs, quarter.toMs].map(ms => new Date(ms).toISOString()),
    ['2026-09-30T22:00:00.000Z', '2026-12-31T23:00:00.000Z'],
  )
  // On 6 September 2026 clocks in Santiago go from 24:00 of the day before to 01:00.
  const forward = ends('thisYear', '2026-11-15T12:00:00Z', 'America/Santiago', '09-06')
  assert.equal(forward, '2026-09-06 01:00 2027-09-06')
  assert.equal(ends('thisMonth', '2026-11-15T12:00:00Z', 'Asia/Kolkata'), '2026-11-01 2026-12-01')
})
