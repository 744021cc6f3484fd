import type { DuckDBConnection } from '@duckdb/node-api'
import { QuestionError } from '../../index.ts'
import type { RecordRow } from '../../record.ts'
import type { FollowedPage, RecordsPage, RecordsQuery } from '../../reports.ts'
import { type Archive, archivedSql, ofDays, readArchives } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { inSnapshot } from '../transaction.ts'
import { type Conditions, conditionsOf, withoutRowFilters } from './filter.ts'
import { newestFirst } from './newest.ts'
import { type ReadRow, readRows } from './rows.ts'

const limitDefault = 50
const limitMax = 1_000
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** State of loading. Records that are loaded while a question is answered belong to the next page. */
export interface Loaded {
  readonly sequence: number
}

/** @param directory of the archives. */
export async function list(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: RecordsQuery,
  loaded: Loaded,
  directory: string,
): Promise<RecordsPage> {
  const { sequence } = loaded
  const { limit = limitDefault, after } = query
  const seen = after === undefined ? null : cursorOf(after, 'after')
  if (seen === null) {
    const { rows, more } = await newestPage(connection, names, query, sequence, directory)
    const next = more ? (rows.at(-1)?.row.id ?? null) : null
    return { records: rows.map(({ row }) => row), next, cursor: String(sequence) }
  }
  const conditions = pageConditions(names, query, sequence)
  conditions.add('sequence > ?', BigInt(seen))
  // One more row than asked for shows whether there is another page. A tail is about what comes: records that are in
  // archives came long ago.
  const tail = `${conditions.where} ORDER BY sequence LIMIT ${limit + 1}`
  const found = await readRows(connection, names, tail, conditions.values)
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const isMore = found.length > limit && last !== undefined
  const cursor = String(isMore ? last.sequence : Math.max(sequence, seen))
  return { records: shown.map(({ row }) => row), next: null, cursor }
}

/**
 * The newest records of a page. `more`: there are older ones too.
 * @param loadedTo sequence number of the last record that counts.
 * @param directory of the archives.
 */
export async function newestPage(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: Omit<RecordsQuery, 'after'>,
  loadedTo: number,
  directory: string,
): Promise<{ readonly rows: readonly ReadRow[]; readonly more: boolean }> {
  const { limit = limitDefault, before } = query
  const conditions = pageConditions(names, query, loadedTo)
  const found = await inSnapshot(connection, async () => {
    const archives = { directory, files: await archivesFor(connection, names, query) }
    const wanted = { conditions, before: before?.toLowerCase() ?? null, rowsMax: limit + 1, loadedTo, archives }
    return newestFirst(connection, names, wanted)
  })
  return { rows: found.slice(0, limit), more: found.length > limit }
}

/** @throws QuestionError */
function pageConditions(names: Dictionaries, query: RecordsQuery, loadedTo: number): Conditions {
  const { limit = limitDefault, before, idPart } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new QuestionError(`limit must be a whole number from 1 to ${limitMax}, not ${limit}.`)
  }
  const conditions = conditionsOf(query, names)
  conditions.add('sequence <= ?', BigInt(loadedTo))
  if (before !== undefined) {
    if (!uuid.test(before)) throw new QuestionError('before must be the id of a record, as the page before gave it.')
    conditions.add('id < ?::UUID', before)
  }
  // The length is a number of ours, so the SQL may contain it.
  if (idPart !== undefined) {
    conditions.add(`? IN (left(id::VARCHAR, ${idPart.length}), right(id::VARCHAR, ${idPart.length}))`, idPart)
  }
  return conditions
}

export interface FollowQuery {
  /** Null for no record. */
  readonly after: string | null
  readonly limit: number
  /** Sequence number of the record that was loaded last. */
  readonly loadedTo: number
}

/**
 * Records that are in archives were loaded long ago, and nobody follows them. Bounded by their numbers: where DuckDB
 * sorts and cuts, it reads the table twice, which takes four times as long.
 */
export async function follow(
  connection: DuckDBConnection,
  names: Dictionaries,
  { after, limit, loadedTo }: FollowQuery,
): Promise<FollowedPage> {
  const seen = after === null ? loadedTo : cursorOf(after, 'after')
  if (seen >= loadedTo) return { records: [], cursor: String(Math.max(seen, loadedTo)) }
  const to = Math.min(seen + limit, loadedTo)
  const found = await readRows(connection, names, `WHERE sequence > ${seen} AND sequence <= ${to}`, [])
  if (found.length === 0 && to < loadedTo) {
    // Deleted records have left their numbers unused.
    const next = await nextAfter(connection, to, loadedTo)
    return next === null
      ? { records: [], cursor: String(loadedTo) }
      : follow(connection, names, { after: String(next - 1), limit, loadedTo })
  }
  const inOrder = found.sort((a, b) => a.sequence - b.sequence)
  const records = inOrder.map(({ row, sequence }) => ({ json: JSON.stringify(row), cursor: String(sequence) }))
  return { records, cursor: String(to) }
}

/** The first number of a record after one, up to another; null for none. */
async function nextAfter(connection: DuckDBConnection, sequence: number, to: number): Promise<number | null> {
  const sql = `SELECT min(sequence) FROM records WHERE sequence > ${sequence} AND sequence <= ${to}`
  const [row] = (await connection.runAndReadAll(sql)).getRows()
  return row?.[0] == null ? null : Number(row[0])
}

/** The archives of days on which, by the rollups, something matches. */
async function archivesFor(
  connection: DuckDBConnection,
  names: Dictionaries,
  { fromMs, toMs, ...filter }: RecordsQuery,
): Promise<readonly Archive[]> {
  const files = ofDays(await readArchives(connection), fromMs, toMs)
  if (files.length === 0) return files
  const { where, values } = conditionsOf(withoutRowFilters(filter), names, 'model')
  const found = await connection.runAndReadAll(`SELECT DISTINCT start_day FROM rollups ${where}`, values)
  const days = new Set(found.getRows().map(([day]) => Number(day)))
  return files.filter(({ day }) => days.has(day))
}

/** @param directory of the archives. */
export async function row(
  connection: DuckDBConnection,
  names: Dictionaries,
  id: string,
  directory: string,
): Promise<RecordRow | null> {
  if (!uuid.test(id)) return null
  const [found] = await readRows(connection, names, 'WHERE id = $1::UUID LIMIT 1', [id])
  if (found !== undefined) return found.row
  const files = (await readArchives(connection)).filter(({ firstId, lastId }) => firstId <= id && id <= lastId)
  if (files.length === 0) return null
  const source = `(${archivedSql(directory, files)})`
  const [archived] = await readRows(connection, names, 'WHERE id = $1::UUID LIMIT 1', [id], source)
  return archived?.row ?? null
}

/** @param name of the parameter. */
export function cursorOf(cursor: string, name: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw new QuestionError(`${name} must be a cursor that an earlier page gave.`)
  return Number(cursor)
}
