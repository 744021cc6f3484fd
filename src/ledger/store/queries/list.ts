import type { DuckDBConnection } from '@duckdb/node-api'
import type { RecordRow } from '../../record.ts'
import type { RecordsPage, RecordsQuery } from '../../reports.ts'
import type { Names } from '../names.ts'
import { conditionsOf } from './filter.ts'
import { readRows } from './rows.ts'

const limitDefault = 50
const limitMax = 1_000
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** `sequence`: the newest record that can be read now; what is loaded meanwhile belongs to the next page. */
export async function list(
  connection: DuckDBConnection,
  names: Names,
  query: RecordsQuery,
  sequence: number,
): Promise<RecordsPage> {
  const { limit = limitDefault, before, after } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new RangeError(`limit must be a whole number from 1 to ${limitMax}, not ${limit}.`)
  }
  const conditions = conditionsOf(query, names)
  conditions.add('sequence <= ?', BigInt(sequence))
  if (before !== undefined) {
    if (!uuid.test(before)) throw new RangeError('before must be the id of a record, as the page before gave it.')
    conditions.add('id < ?::UUID', before)
  }
  const seen = after === undefined ? null : cursorOf(after)
  if (seen !== null) conditions.add('sequence > ?', BigInt(seen))
  const order = seen === null ? 'id DESC' : 'sequence'
  // One more than asked tells whether there is a further page.
  const found = await readRows(
    connection,
    names,
    `${conditions.where} ORDER BY ${order} LIMIT ${limit + 1}`,
    conditions.values,
  )
  const shown = found.slice(0, limit)
  const more = found.length > limit
  const last = shown.at(-1)
  return {
    records: shown.map(({ row }) => row),
    next: seen === null && more && last !== undefined ? last.row.id : null,
    cursor: String(seen !== null && more && last !== undefined ? last.sequence : Math.max(sequence, seen ?? 0)),
  }
}

export async function row(connection: DuckDBConnection, names: Names, id: string): Promise<RecordRow | null> {
  if (!uuid.test(id)) return null
  const found = await readRows(connection, names, 'WHERE id = $1::UUID LIMIT 1', [id])
  return found[0]?.row ?? null
}

function cursorOf(after: string): number {
  if (!/^\d{1,15}$/.test(after)) throw new RangeError('after must be a cursor that an earlier page gave.')
  return Number(after)
}
