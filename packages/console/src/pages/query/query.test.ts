import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chartedOf } from './charted.ts'
import { completionsAt, explainedAt } from './help.ts'
import { isRun, isSaved, listOf, withRun, withSaved } from './kept.ts'
import { linkOf, sqlIn } from './link.ts'
import { orderedRows } from './order.ts'
import type { QueryResult, QuerySchema } from './query.ts'
import { csvOf, jsonOf, tabbedOf } from './values.ts'

const result = (columns: readonly (readonly [string, string])[], rows: QueryResult['rows']): QueryResult => ({
  ...{ columns: columns.map(([name, type]) => ({ name, type })), rows, truncated: null, elapsedMs: 1, bodies: null },
})

test('a link has the whole query, as it is or compressed, or there is none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 300 }), async part => {
      const sql = `SELECT 'x' -- ${part.repeat(20)}`
      const link = await linkOf(sql)
      if (link === null) return
      const address = Object.fromEntries(
        Object.entries(link).filter((one): one is [string, string] => one[1] !== undefined),
      )
      assert.ok(new URLSearchParams(address).toString().length < 3_700)
      assert.equal(await sqlIn(address), sql.toWellFormed())
    }),
    { numRuns: 50 },
  )
  assert.equal(await sqlIn({ z: 'not compressed' }), null)
  assert.equal(await sqlIn({}), null)
})

// A link of a few letters must not fill the memory of who opens it.
test('a link that unpacks to more than a query may have is none', async () => {
  const { z } = (await linkOf(`SELECT 1 -- ${'x'.repeat(19_000)}`)) ?? {}
  assert.equal((await sqlIn({ z: z ?? '' }))?.length, 19_012)
  const bomb = (await linkOf(`SELECT 1 -- ${'x'.repeat(1_000_000)}`)) ?? {}
  assert.equal(await sqlIn({ z: bomb['z'] ?? '' }), null)
})

test('files keep every digit and run nothing in a spreadsheet', () => {
  const given = result(
    [
      ['name', 'VARCHAR'],
      ['sum', 'HUGEINT'],
      ['cost', 'DECIMAL(38,9)'],
      ['list', 'INTEGER[]'],
    ],
    [
      ['=1+1', '9007199254740993', '-0.000000001', [1, 2]],
      ['a,"b"', null, null, null],
    ],
  )
  assert.deepEqual(csvOf(given).split('\r\n'), [
    'name,sum,cost,list',
    '\'=1+1,9007199254740993,-0.000000001,"[1,2]"',
    '"a,""b""",,,',
    '',
  ])
  assert.deepEqual(JSON.parse(jsonOf(given))[0], {
    ...{ name: '=1+1', sum: '9007199254740993', cost: '-0.000000001', list: [1, 2] },
  })
  assert.equal(tabbedOf(given).split('\n')[1], "'=1+1\t9007199254740993\t-0.000000001\t[1,2]")
})

test('rows are ordered by all digits of a number, by text otherwise, and what is null comes last', () => {
  const columns = result([['n', 'HUGEINT']], []).columns
  const rows = [['9007199254740993'], [null], ['9007199254740992'], [5]]
  assert.deepEqual(orderedRows(rows, columns, { column: 0, isUp: true }), [
    [5],
    ['9007199254740992'],
    ['9007199254740993'],
    [null],
  ])
  assert.deepEqual(orderedRows(rows, columns, { column: 0, isUp: false }).at(-1), [null])
  assert.equal(orderedRows(rows, columns, null), rows)
})

test('times make lines by name, names make bars, and all else is no chart', () => {
  const byDay = chartedOf(
    result(
      [
        ['day', 'DATE'],
        ['model', 'VARCHAR'],
        ['cost', 'DECIMAL(38,9)'],
      ],
      [
        ['2026-11-02', 'a', '2.5'],
        ['2026-11-01', 'a', '1'],
        ['2026-11-01', 'b', '7'],
      ],
    ),
    undefined,
  )
  assert.ok(byDay?.kind === 'lines')
  assert.deepEqual(byDay.timesMs, [Date.UTC(2026, 10, 1), Date.UTC(2026, 10, 2)])
  assert.deepEqual(
    byDay.lines.map(({ label, values }) => [label, values]),
    [
      ['b', [7, null]],
      ['a', [1, 2.5]],
    ],
  )
  const byName = chartedOf(
    result(
      [
        ['name', 'VARCHAR'],
        ['calls', 'BIGINT'],
        ['tokens', 'BIGINT'],
      ],
      [
        ['a', 1, 10],
        ['b', 3, 5],
      ],
    ),
    2,
  )
  assert.ok(byName?.kind === 'bars')
  assert.deepEqual(
    byName.bars.map(({ name, exact, share }) => [name, exact, share]),
    [
      ['a', '10', 1],
      ['b', '5', 0.5],
    ],
  )
  assert.equal(chartedOf(result([['name', 'VARCHAR']], [['a']]), undefined), null)
  assert.equal(chartedOf(result([['n', 'BIGINT']], []), undefined), null)
})

test('what the browser kept of another version is left out, and names and texts are there once', () => {
  assert.deepEqual(listOf([{ name: 'a', sql: 'b' }, { name: 1 }, null, 'x'], isSaved), [{ name: 'a', sql: 'b' }])
  assert.deepEqual(listOf('nonsense', isRun), [])
  const saved = withSaved(withSaved([], { name: 'b', sql: '1' }), { name: 'a', sql: '2' })
  assert.deepEqual(withSaved(saved, { name: 'b', sql: '3' }), [
    { name: 'a', sql: '2' },
    { name: 'b', sql: '3' },
  ])
  const ran = withRun(withRun([], { sql: 'x', atMs: 1, rows: 1 }), { sql: 'x', atMs: 2, rows: null })
  assert.deepEqual(ran, [{ sql: 'x', atMs: 2, rows: null }])
})

test('columns are offered and explained where a word is written, and nothing within a text or a comment', () => {
  const column = { name: 'cost', type: 'DECIMAL(38,9)', description: 'Cost in `currency`.', values: [] }
  const schema: QuerySchema = { tables: [{ name: 'records', description: '', columns: [column] }], functions: [] }
  assert.equal(completionsAt([], 'SELECT co', 9)?.from, 7)
  assert.equal(completionsAt([], "SELECT 'co", 10), null)
  assert.equal(completionsAt([], 'SELECT 1 -- co', 14), null)
  assert.equal(explainedAt(schema, 'SELECT sum(COST)', 13), 'DECIMAL(38,9). Cost in currency.')
  assert.equal(explainedAt(schema, 'SELECT sum(COST)', 8), null)
})
