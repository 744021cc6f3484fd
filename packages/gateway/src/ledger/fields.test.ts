import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { noUsage } from '../wire/usage.ts'
import { closedOf, newId, openedOf } from './exchange.fixture.ts'
import { kinds } from './field.ts'
import { anyRecord, hostileTexts } from './fields.fixture.ts'
import { type Field, fieldRows, shownFields } from './fields.ts'
import { type BlockHalf, fieldsOf, flag, formats } from './journal/fields.ts'
import { unrolledText } from './journal/unroll.ts'
import { rowOfHalves, unknownClosed, unknownOpened } from './read-fields.ts'
import type { Closed, Opened, RecordRow } from './record.ts'
import { recordColumns } from './store/schema.ts'

const halves: readonly BlockHalf[] = ['opened', 'closed']
const stored = fieldRows.filter(({ half }) => half !== 'derived')

/** Every position from 0 on, each once. */
function assertGapless(values: readonly unknown[], expected: number, what: string): void {
  assert.equal(values.length, expected, `${what}: a position is used twice`)
  assert.equal(Object.keys(values).length, expected, `${what}: a position is missing`)
}

// Two fields at one position would overwrite each other in the journal and in the store, without an error.
test('every field has a position of its own in the journal and in the store, without gaps', () => {
  for (const half of halves) {
    for (const list of ['numbers', 'names', 'texts', 'flags'] as const) {
      const fields = stored.filter(
        ({ kind, half: own }) => kinds[kind].list === list && (own === half || own === 'both'),
      )
      assertGapless(fieldsOf(half, list), fields.length, `${list} of ${half}`)
    }
  }
  for (const { journal, name } of fieldsOf('opened', 'flags')) {
    assert.notEqual(1 << (journal ?? 0), flag.carriesOpened, `${name} has the bit of carriesOpened`)
  }
  assertGapless(recordColumns, new Set(recordColumns.map(({ name }) => name)).size, 'columns')
  assert.equal(fieldRows.filter(({ column }) => column !== undefined).length, stored.length)
})

// A reader of an older format takes the first fields of each list.
test('in every list, fields of an older format come before those of a newer one', () => {
  for (const half of halves) {
    for (const list of ['numbers', 'names', 'texts'] as const) {
      const versions = fieldsOf(half, list).map(({ since }) => since ?? 0)
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => a - b),
        `${list} of ${half}`,
      )
    }
  }
  const versions = recordColumns.map(({ since }) => since)
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
    'columns',
  )
})

// Journals that earlier versions wrote are read by these positions; a test with a file of each format would find some
// of the mistakes only.
test('positions of released formats do not change', () => {
  const lists = halves.flatMap(half =>
    (['numbers', 'names', 'texts', 'flags'] as const).map(list => [
      half,
      list,
      fieldsOf(half, list)
        .filter(({ since = 0 }) => since <= 3)
        .map(({ name, since }) => `${name} ${since}`),
    ]),
  )
  assert.equal(createHash('sha256').update(JSON.stringify(lists)).digest('hex').slice(0, 16), '1c6baf126bebeaf5')
  assert.deepEqual(
    [formats[1], formats[2], formats[3]],
    [
      { opened: { numbers: 1, texts: 0, names: 18 }, closed: { numbers: 14, texts: 2, names: 8 } },
      { opened: { numbers: 1, texts: 1, names: 19 }, closed: { numbers: 17, texts: 3, names: 12 } },
      { opened: { numbers: 1, texts: 2, names: 19 }, closed: { numbers: 20, texts: 3, names: 13 } },
    ],
  )
})

test('the unrolled writer of the journal is the one that the table makes', () => {
  const written = readFileSync(new URL('./journal/unrolled.ts', import.meta.url), 'utf8')
  assert.equal(written, unrolledText())
})

// Feeds make a row of both halves for every record, and must agree with what the store reports of it.
test('the halves of a record make the record again, and where the end knows nothing the beginning counts', () => {
  const half = (row: RecordRow, ...kept: readonly Field['half'][]): Partial<RecordRow> => {
    const names = new Set(shownFields.filter(field => kept.includes(field.half)).map(({ path }) => String(path[0])))
    return Object.fromEntries(Object.entries(row).filter(([name]) => names.has(name)))
  }
  fc.assert(
    fc.property(anyRecord(true, hostileTexts), row => {
      const [opened, closed] = [half(row, 'opened', 'both') as Opened, half(row, 'closed', 'both') as Closed]
      assert.deepEqual(rowOfHalves(opened, closed), row)
      assert.deepEqual(rowOfHalves({ ...opened, instance: 'first' }, closed).instance, row.instance ?? 'first')
      assert.deepEqual(rowOfHalves(opened, { ...closed, instance: null }), row)
    }),
  )
})

test('columns of CSV and of the list have one place each, and names in OpenTelemetry are unique', () => {
  const places = (of: (field: Field) => number | string | undefined): unknown[] =>
    shownFields.map(of).filter(place => place !== undefined)
  for (const of of [
    ({ csv }: Field) => csv,
    ({ list }: Field) => list?.at,
    ({ otel }: Field) => otel,
    ({ show }: Field) => show,
  ]) {
    const found = places(of)
    assert.equal(new Set(found).size, found.length)
  }
})

test('the groups of a record have the members that the table names, and halves of which nothing is known have every field', () => {
  const members = (group: string): string[] =>
    shownFields.flatMap(({ path }) => (path[0] === group && path[1] !== undefined ? [path[1]] : [])).sort()
  assert.deepEqual(members('usage'), Object.keys(noUsage).sort())
  assert.deepEqual(members('cost'), Object.keys(closedOf(newId()).cost ?? {}).sort())
  const id = newId()
  assert.deepEqual(unknownClosed(id).usage, noUsage)
  assert.deepEqual(Object.keys(unknownOpened(id)).sort(), Object.keys(openedOf(id)).sort())
  assert.deepEqual(Object.keys(unknownClosed(id)).sort(), Object.keys(closedOf(id)).sort())
})
