import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvOf } from './csv.ts'
import { monthsOf } from './months.ts'
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

test('months are whole, also over the end of a year', () => {
  const nowMs = Date.parse('2027-01-15T12:00:00Z')
  const said = (period: Parameters<typeof monthsOf>[0]): string => {
    const { fromMs, toMs } = monthsOf(period, nowMs)
    return `${new Date(fromMs).toISOString().slice(0, 10)} ${new Date(toMs).toISOString().slice(0, 10)}`
  }
  assert.equal(said('thisMonth'), '2027-01-01 2027-02-01')
  assert.equal(said('lastMonth'), '2026-12-01 2027-01-01')
  assert.equal(said('quarter'), '2026-11-01 2027-02-01')
  assert.equal(said('year'), '2026-02-01 2027-02-01')
})
