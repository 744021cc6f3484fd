/**
 * The table of fields (ledger/fields.ts), walked from one end to the other: journal, store, question, management API,
 * command line.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordAnswer } from '../../admin/record-schema.ts'
import { newId } from '../../ledger/exchange.fixture.ts'
import { anyRecord } from '../../ledger/fields.fixture.ts'
import { type Field, fieldRows, shownFields } from '../../ledger/fields.ts'
import { valueIn } from '../../ledger/read-fields.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { run } from '../run.fixture.ts'
import { figure } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'

// Two fields that change places would make every bill and every audit wrong without an error.
test('every field of the table comes back from journal, store and management API as it was computed', async t => {
  const house = await startHouse(t)
  await fc.assert(
    fc.asyncProperty(anyRecord(true), async made => {
      const record = { ...made, id: newId() }
      await house.ledger.add(record)
      const { status, json } = await house.send(`/api/v1/records/${record.id}`, { as: 'bob' })
      assert.equal(status, 200)
      assert.deepEqual(recordAnswer.parse(json), record)
    }),
    { numRuns: 40 },
  )
})

test('every field is shown where its row of the table says so', async t => {
  const house = await startHouse(t)
  const token = (): Promise<string> => house.token('bob')
  const read = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(['records', ...args], { admin: house.admin.url, token })
    assert.deepEqual([code, err], [0, ''])
    return out
  }
  await fc.assert(
    fc.asyncProperty(anyRecord(false), async made => {
      const record = {
        ...made,
        id: newId(),
        callerKind: 'user' as const,
        stream: true,
        demonstration: true,
        usage: { ...made.usage, source: 'reported' as const },
      }
      await house.ledger.add(record)
      const [head = '', line = ''] = (await read('show', record.id, '--format', 'csv')).split('\n')
      const csv = new Map(head.split(',').map((title, at) => [title, line.split(',')[at]]))
      const page = await read('show', record.id)
      const [titles = '', , row = ''] = (await read('list', '--limit', '1000'))
        .split('\n')
        .filter((text, at) => at < 2 || text.includes(record.id))
      for (const field of shownFields) {
        if (field.csv !== undefined) assert.equal(csv.get(titleOf(field)), csvText(field, record), field.name)
        if (field.list !== undefined) assert.ok(titles.includes(field.list.title), field.name)
        if (field.show !== undefined) assert.match(page, new RegExp(`^${field.show} `, 'm'), field.name)
        for (const text of textsOf(field, record)) {
          if (field.show !== undefined || field.showWith !== undefined)
            assert.ok(page.includes(text), `${field.name} ${text}`)
          if (field.list !== undefined) assert.ok(row.includes(text), `${field.name} ${text}`)
        }
      }
    }),
    { numRuns: 10 },
  )
})

const titleOf = ({ name, kind }: Field): string =>
  kind === 'timeMs' ? name.replace('AtMs', '') : kind === 'nano' ? name.replace('Nano', '') : name

function csvText(field: Field, record: RecordRow): string {
  const value = valueIn(record, field)
  if (field.kind === 'timeMs') return new Date(Number(value)).toISOString()
  if (field.kind === 'nano')
    return (BigInt(Number(value)) * 1n)
      .toString()
      .padStart(10, '0')
      .replace(/(\d{9})$/, '.$1')
  if (Array.isArray(value)) return field.kind === 'attempts' ? String(value.length) : value.join(' ')
  return String(value)
}

/** The part of a field's value that must be in a line for people. */
function textsOf(field: Field, record: RecordRow): string[] {
  const value = valueIn(record, field)
  switch (field.kind) {
    case 'flag':
    // An amount of money in another form.
    case 'nano':
      return []
    case 'timeMs':
      return [instant(Number(value))]
    case 'durationMs':
    case 'tokens':
    case 'count':
    case 'bytes':
      return [figure(Number(value))]
    case 'attempts':
      return record.attempts.flatMap(({ instance, durationMs }) => [instance, figure(durationMs)])
    case 'deployments':
      return [...record.toolDeployments]
    default:
      return [String(value)]
  }
}

test('a field that is part of a line of another field names one that has a line', () => {
  const lines = new Set(fieldRows.flatMap(({ name, show }) => (show === undefined ? [] : [name])))
  for (const { name, showWith } of fieldRows) {
    if (showWith !== undefined) assert.ok(lines.has(showWith as Field['name']), name)
  }
})

/** Files that name many fields, and the reason. */
const namesMany: Readonly<Record<string, string>> = {
  'ledger/fields.ts': 'the table',
  'ledger/journal/unrolled.ts': 'generated from the table',
  'gateway/stages/9-record/index.ts': 'computes the values',
  'cli/commands/record-facts.ts': 'sentences of several fields each',
  'ledger/privacy/personal.ts': 'one decision for each text: a new field does not compile without its own',
}

// A second list of fields would miss every new field.
test('no other file lists the fields of a record', () => {
  const source = join(import.meta.dirname, '../..')
  const names = fieldRows.map(({ name }) => name).filter(name => /[A-Z]/.test(name))
  const columns = names.map(name => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`))
  const lists = globSync('**/*.ts', { cwd: source }).filter(file => {
    if (/\.(test|fixture)\.ts$/.test(file) || file in namesMany) return false
    const words = new Set(readFileSync(join(source, file), 'utf8').match(/\w+/g))
    return names.filter((name, at) => words.has(name) || words.has(columns[at] ?? '')).length > names.length / 2
  })
  assert.deepEqual(lists, [])
})
