import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { kinds } from '../../field.ts'
import { type Field, fieldRows } from '../../fields.ts'
import { rowFrom, type StoredValue } from '../../read-fields.ts'
import type { RecordRow } from '../../record.ts'
import type { Dictionaries } from '../names.ts'
import { dictionaryOf, indexOf, indexOfOwn, recordColumns } from '../schema.ts'

export interface ReadRow {
  readonly row: RecordRow
  readonly sequence: number
}

/** The stored fields, and the index of their cells in a row of the answer. */
const stored = fieldRows.filter(({ column }) => column !== undefined)
const cellByField: ReadonlyMap<Field, number> = new Map(stored.map((field, cell) => [field, cell]))
const dictionaryByField: ReadonlyMap<Field, string> = new Map(
  stored.filter(({ kind }) => kinds[kind].list === 'names').map(field => [field, dictionaryOf(field)]),
)
const sequenceCell = stored.length
const unnamedCell = stored.length + 1
const columnsSql = [...stored.map(indexOf), indexOfOwn('sequence'), indexOfOwn('unnamed')]
  .map(index => recordColumns[index]?.name ?? '')
  .join(', ')

/** Reads rows. @param sql the part after FROM and the source. @param source as `rowsSource` gives it. */
export async function readRows(
  connection: DuckDBConnection,
  names: Dictionaries,
  sql: string,
  values: DuckDBValue[],
  source = 'records',
): Promise<ReadRow[]> {
  const result = await connection.runAndReadAll(`SELECT ${columnsSql} FROM ${source} ${sql}`, values)
  return result.getRows().map(cells => rowOf(cells, names))
}

function rowOf(cells: readonly DuckDBValue[], names: Dictionaries): ReadRow {
  const text = cells[unnamedCell]
  const unnamed = typeof text === 'string' ? (JSON.parse(text) as Partial<Record<string, string>>) : {}
  const row = rowFrom(field => {
    const dictionary = dictionaryByField.get(field)
    const cell = cells[cellByField.get(field) ?? -1] ?? null
    // A name that found no room in its dictionary is in the row itself.
    if (dictionary !== undefined) return names.textOf(dictionary, Number(cell)) ?? unnamed[field.name] ?? null
    return cellValue(cell, field)
  })
  return { row, sequence: Number(cells[sequenceCell] ?? 0) }
}

function cellValue(cell: DuckDBValue, { kind }: Field): StoredValue {
  if (cell === null) return null
  switch (kinds[kind].list) {
    case 'numbers':
      return Number(cell)
    case 'flags':
      return cell === true
    default:
      return String(cell)
  }
}
