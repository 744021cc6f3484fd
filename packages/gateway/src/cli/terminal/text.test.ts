import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CsvCell, csvLine } from '../../csv.ts'
import {
  fiscalStartText,
  isByDays,
  monthText,
  type PeriodOptions,
  periodEnd,
  periodEndOrWhole,
  periodFrom,
  periodOf,
  quarterText,
  requirePossible,
  spokenPeriod,
  yearText,
  zoneText,
} from './periods.ts'
import { columnsOf, cutToColumns, jsonText, printable, printableLine } from './printable.ts'

// A report that a spreadsheet reads differently is worse than none.
test('CSV comes back as it went out, and no cell starts a formula', () => {
  const cell: fc.Arbitrary<CsvCell> = fc.oneof(
    fc.constant(null),
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\t =+@",\r\n-]{0,3}[A-Z(]{0,3}$/),
  )
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), cells => {
      const read = readCsvLine(csvLine(cells))
      assert.equal(read.length, cells.length)
      for (const [at, written] of cells.entries()) {
        const text = read[at] ?? ''
        if (typeof written !== 'string') assert.equal(text, written === null ? '' : String(written))
        else {
          const kept = printable(written)
          assert.ok(text === kept || text === `'${kept}`, JSON.stringify([text, written]))
          assert.doesNotMatch(text, /^[=+\-@\t\r\n]/)
        }
      }
    }),
  )
})

/** A reader by RFC 4180, for one line. */
function readCsvLine(line: string): string[] {
  const cells: string[] = []
  let rest = line.slice(0, -1)
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest)
    const value = quoted === null ? (rest.split(',', 1)[0] ?? '') : (quoted[1] ?? '').replaceAll('""', '"')
    cells.push(value)
    rest = rest.slice(quoted === null ? value.length : quoted[0].length)
    if (rest === '') return cells
    assert.equal(rest[0], ',')
    rest = rest.slice(1)
  }
}

// A chosen name must not move the cursor, set the title or reverse the direction of writing.
test('printable text has no control characters, and on one line no line feed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      assert.doesNotMatch(printable(text).replace(/[\t\n]/g, ''), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      assert.doesNotMatch(printableLine(text), /\p{Cc}/u)
    }),
  )
})

test('a cut text fits its columns and begins like the whole text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, most) => {
      const cut = cutToColumns(text, most)
      assert.ok(columnsOf(cut) <= most)
      assert.ok(cut === text || text.startsWith(cut.slice(0, -1)))
    }),
  )
})

test('periods are those of the zone, and one that cannot be is refused in words', () => {
  const clock = () => Date.UTC(2028, 2, 31, 22, 30)
  const timeZone = 'Europe/Berlin'
  assert.deepEqual(periodFrom({ month: 'last', timeZone }, clock), {
    from: '2028-02-29T23:00:00.000Z',
    to: '2028-03-31T22:00:00.000Z',
  })
  assert.deepEqual(periodFrom({ month: 'this', timeZone }, clock), { from: '2028-03-31T22:00:00.000Z', to: undefined })
  assert.deepEqual(periodFrom({ from: 'yesterday', to: 'yesterday', timeZone }, clock), {
    from: '2028-03-30T22:00:00.000Z',
    to: '2028-03-31T22:00:00.000Z',
  })
  assert.equal(periodFrom({ from: 'today' }, clock).from, '2028-03-31T00:00:00.000Z')
  const refused = (options: PeriodOptions, message: RegExp): void =>
    assert.throws(() => periodFrom(options, clock), message, JSON.stringify(options))
  refused({ from: '2027-11', to: '2027-10' }, /^CliError: --to \(October 2027\) is before --from \(November 2027\)\.$/)
  refused({ from: '2027-11-02T00:00:00Z', to: '2027-11-01' }, /--to \(2027-11-01\) is before --from \(2027-11-02T/)
  refused({ from: '7d', to: '7d' }, /--to \(7d\) is the same moment as --from \(7d\)/)
  assert.throws(() => requirePossible({ from: '2027-11', to: '2027-10' }, clock), /is before/)
  assert.doesNotThrow(() => requirePossible({ from: '2028-04-01' }, clock), 'it has begun in a zone of the east')
  assert.throws(() => requirePossible({ from: '2028-04-03' }, clock), /has not begun/)
  refused({ from: 'today', to: 'yesterday' }, /--to \(yesterday, 2028-03-30\) is before --from \(today, 2028-03-31\)/)
  refused({ from: '2028-04' }, /has not begun: --from \(April 2028\) is in the future/)
  refused({ month: '2029-01' }, /has not begun: --month \(January 2029\)/)
  refused({ month: 'last', to: '7d' }, /--month and --from or --to exclude each other/)
  assert.equal(spokenPeriod(periodFrom({ from: '2028-03' }, clock), 'UTC', clock()), 'in March 2028 so far (UTC)')
  assert.equal(
    spokenPeriod({ from: '2028-03-01T00:00:00Z', to: undefined }, timeZone, clock()),
    'from 2028-03-01 01:00 to now (Europe/Berlin)',
  )
  for (const wrong of ['toString', 'tomorrow', '2028-1']) assert.throws(() => periodEnd(wrong), /Expected/)
  for (const wrong of ['next', '2028', '2028-13', '7d']) assert.throws(() => monthText(wrong), /Expected a month/)
  for (const wrong of ['', 'Berlin', 'Europe/Nowhere'])
    assert.throws(() => zoneText(wrong), /Expected the name of a time/)
})

// Finance closes fiscal quarters: a report that is off by a month is found by an auditor.
test('quarters and years are those of the fiscal year and the zone', () => {
  const clock = () => Date.UTC(2028, 2, 31, 22, 30)
  const inBerlin = { timeZone: 'Europe/Berlin', fiscalYearStart: '04-01' }
  const period = (options: PeriodOptions): (string | undefined)[] => {
    const { from, to } = periodFrom(options, clock)
    return [from?.slice(0, 16), to?.slice(0, 16)]
  }
  assert.deepEqual(period({ quarter: 'this', ...inBerlin }), ['2028-03-31T22:00', undefined])
  assert.deepEqual(period({ quarter: 'last', ...inBerlin }), ['2027-12-31T23:00', '2028-03-31T22:00'])
  assert.deepEqual(period({ year: 'last', ...inBerlin }), ['2027-03-31T22:00', '2028-03-31T22:00'])
  assert.deepEqual(period({ year: '2027-03', ...inBerlin }), ['2026-03-31T22:00', '2027-03-31T22:00'])
  assert.deepEqual(period({ year: '2027-04-01', ...inBerlin }), ['2027-03-31T22:00', '2028-03-31T22:00'])
  assert.deepEqual(period({ quarter: 'this' }), ['2028-01-01T00:00', undefined])
  assert.deepEqual(period({ quarter: '2027-11' }), ['2027-10-01T00:00', '2028-01-01T00:00'])
  assert.deepEqual(period({ year: '2027' }), ['2027-01-01T00:00', '2028-01-01T00:00'])
  // A month in which a quarter begins means that quarter.
  const british = { fiscalYearStart: '04-06' }
  assert.deepEqual(period({ quarter: '2027-07', ...british }), ['2027-07-06T00:00', '2027-10-06T00:00'])
  assert.deepEqual(period({ quarter: '2027-07-05', ...british }), ['2027-04-06T00:00', '2027-07-06T00:00'])
  assert.ok(isByDays({ quarter: 'last' }) && isByDays({ year: 'this' }))
  const refused = (options: PeriodOptions, message: RegExp): void => {
    assert.throws(() => periodFrom(options, clock), message, JSON.stringify(options))
  }
  refused({ year: '2027', ...british }, /2027 has parts of two fiscal years, which begin on 04-06/)
  refused({ quarter: 'last', month: 'last' }, /--month and --quarter exclude each other/)
  refused({ quarter: 'last', year: 'last' }, /--quarter and --year exclude each other/)
  refused({ year: 'last', from: '7d' }, /--year and --from or --to exclude each other/)
  refused({ quarter: '2028-05' }, /has not begun: --quarter \(May 2028\)/)
  assert.throws(() => requirePossible({ quarter: 'last', to: '7d' }, clock), /exclude each other/)
  assert.doesNotThrow(() => requirePossible({ year: '2028-12' }, clock), 'only the fiscal year says when it begins')
  for (const good of ['this', 'last', '2027-10', '2027-10-31']) assert.equal(quarterText(good), good)
  for (const wrong of ['2027', 'next', '2027-Q1', '2027-13', '2027-02-30', '7d'])
    assert.throws(() => quarterText(wrong), /Expected/, wrong)
  for (const good of ['this', 'last', '2027', '2027-10', '2027-10-31']) assert.equal(yearText(good), good)
  for (const wrong of ['next', '27', '2027-13', '7d']) assert.throws(() => yearText(wrong), /Expected/, wrong)
  assert.equal(fiscalStartText('04-06'), '04-06')
  for (const wrong of ['4-6', '02-30', '04']) assert.throws(() => fiscalStartText(wrong), /Expected month and day/)
})

test('periods are read as people expect', () => {
  const clock = () => Date.UTC(2028, 2, 15, 12)
  assert.deepEqual(periodOf('7d', undefined, clock), { from: '2028-03-08T12:00:00.000Z', to: undefined })
  assert.deepEqual(periodOf('2028-02', '2028-02', clock), {
    from: '2028-02-01T00:00:00.000Z',
    to: '2028-03-01T00:00:00.000Z',
  })
  assert.deepEqual(periodOf('2027-12-31', '2027-12-31', clock), {
    from: '2027-12-31T00:00:00.000Z',
    to: '2028-01-01T00:00:00.000Z',
  })
  assert.deepEqual(periodOf('2028-02-29T10:00+02:00', '90m', clock), {
    from: '2028-02-29T08:00:00.000Z',
    to: '2028-03-15T10:30:00.000Z',
  })
  for (const wrong of [
    '',
    '7',
    '7y',
    '2028-13',
    '2027-02-29',
    '2028-2-1',
    '2028-02-01T10:00',
    'now',
    '2028-02-30T00:00:00Z',
  ]) {
    assert.throws(() => periodEnd(wrong), /Expected 7d, 12h/, wrong)
  }
})

// "What did it cost last month?" is asked most, and --from takes no month by name.
test('a period by name in --from is answered with the options that take one', () => {
  for (const text of ['last-month', 'this year', 'quarter']) {
    assert.throws(() => periodEndOrWhole(text), /Expected 7d, .*--month last, --quarter last or --year last\.$/)
  }
  assert.equal(periodEndOrWhole('2026-10'), '2026-10')
  assert.throws(() => periodEndOrWhole('tomorrow'), /instant \(2026-11-01T08:00:00Z\)\.$/)
})

// A model that a caller named `\u001b]0;…` set the title of the auditor's terminal, in every format but the table.
test('L13 CSV and JSON contain no control characters, and the JSON value is unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      assert.doesNotMatch(csvLine([text]).replace(/[\t\n]/g, ''), controls)
      const json = jsonText({ [text]: text })
      assert.doesNotMatch(json, controls)
      assert.deepEqual(JSON.parse(json), { [text]: text })
    }),
    { examples: [['\u001b]0;pwned\u0007'], ['\u009b2J'], ['\u202egnp.exe']] },
  )
})

const controls = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
