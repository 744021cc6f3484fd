import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asCost, asCosts, exactCost } from './cost.ts'
import { nearestOf } from './nearest.ts'
import { asBytes, asPercent, change, humane } from './number.ts'
import { ago, asDuration, asInstant, asMinute, asMoment, everyZone } from './time.ts'

test('a figure is short, and whole where digits help', () => {
  assert.deepEqual([0, 7, 9_999, 12_345, 1_250_000].map(humane), ['0', '7', '9,999', '12.3K', '1.3M'])
  assert.equal(asPercent(0.1234), '12.3%')
  assert.deepEqual([0, 1_023, 1_024, 5_000_000].map(asBytes), ['0 B', '1,023 B', '1.0 KiB', '4.8 MiB'])
  assert.equal(change(3, 2), 0.5)
  assert.equal(change(3, 0), null)
})

// A call that costs a thousandth of a cent must not look free.
test('a small cost keeps two digits that say something, and the exact one keeps all', () => {
  assert.equal(asCost({ nano: 1_500_000_000, currency: 'USD' }), '$1.50')
  assert.equal(asCost({ nano: 1_234_000, currency: 'USD' }), '$0.0012')
  assert.equal(asCost({ nano: 220, currency: 'USD' }), '< $0.0000010')
  assert.equal(exactCost({ nano: 1_234_000_000_001, currency: 'EUR' }), '1,234.000000001 EUR')
  assert.equal(asCosts([]), '–')
})

test('times are said in the chosen zone, durations in the largest fitting unit', () => {
  const ms = Date.UTC(2026, 10, 26, 13, 3, 22)
  assert.equal(asMoment(ms, 'UTC'), '26 Nov, 13:03:22')
  assert.equal(asMinute(ms, 'UTC'), '26 Nov, 13:03')
  assert.match(everyZone(ms), /2026-11-26T13:03:22\.000Z$/)
  assert.equal(asInstant(ms), '2026-11-26T13:03:22.000Z')
  assert.deepEqual([0, 0.4, 340, 2_400, 185_000, 7_800_000].map(asDuration), [
    '0 ms',
    '< 1 ms',
    '340 ms',
    '2.40 s',
    '3 min 5 s',
    '2 h 10 min',
  ])
  assert.equal(ago(ms - 5_000, ms), '5 s ago')
  assert.equal(ago(ms + 180_000, ms), 'in 3 min')
})

test('the nearest of some names is one that begins alike or has few other letters, and none that is unlike', () => {
  const names = ['hr-bot', 'code-assistant', 'Alice Arnold']
  const written = ['hrbot', 'HR-BOX', 'alice', 'nobody-by-this-name', 'code_asistant']
  assert.deepEqual(
    written.map(name => nearestOf(name, names)),
    ['hr-bot', 'hr-bot', 'Alice Arnold', null, 'code-assistant'],
  )
  // Callers' names are addresses, of which people type what stands before the @.
  const callers = ['bob@contoso.example', 'alice@contoso.example', 'Zoe Smith']
  assert.deepEqual(
    ['alicia', 'bbob', 'alice@fabrikam.com', 'zoee', 'carol'].map(name => nearestOf(name, callers)),
    ['alice@contoso.example', 'bob@contoso.example', 'alice@contoso.example', 'Zoe Smith', null],
  )
})
