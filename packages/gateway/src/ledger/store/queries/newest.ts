/** Finds the newest records that match, without reading all that match. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { archivedSql } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import type { Conditions } from './filter.ts'
import { type ReadRow, readRows } from './rows.ts'
import type { Archives } from './sums.ts'

/** A record that was found: `row` is its place in the table, for the length of a transaction. */
interface Place {
  readonly id: string
  readonly sequence: bigint
  readonly row: bigint
}

/** Numbers of records that decide how a page is found. */
export interface PageReach {
  /**
   * How many records a page looks back over, one window after the other, until it is full. Records are stored about in
   * the order of their ids, so a window skips all row groups of older ones.
   */
  readonly windows: readonly number[]
  /** So many matching records can be sorted here. */
  readonly few: number
  /** Records that are counted together to find an id above which there are enough. */
  readonly counted: number
  /** Records between the first and the last of a page, up to which they are looked up by sequence number. */
  readonly close: number
}

const pageReach: PageReach = { windows: [5_000, 100_000], few: 5_000, counted: 20_000, close: 500_000 }

/** What `newestFirst` looks for. */
export interface NewestQuery {
  readonly conditions: Conditions
  /** Only records with lower ids; null for all. The conditions say so too. */
  readonly before: string | null
  readonly rowsMax: number
  /** Sequence number of the record that was loaded last. */
  readonly loadedTo: number
  /** Archives that may have matching records. */
  readonly archives: Archives
}

/**
 * The newest matching records, by id, in the caller's transaction. A sort over all that match would be slow: it meets
 * them in ascending order, and each one is newer than all before. So the query first finds an id above which there are
 * enough.
 */
export async function newestFirst(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: NewestQuery,
  reach: PageReach = pageReach,
): Promise<ReadRow[]> {
  const places = await newestPlaces(connection, query, reach)
  const rows = await readPlaces(connection, names, places, reach)
  return withArchived(connection, names, query, rows)
}

async function newestPlaces(
  connection: DuckDBConnection,
  { conditions, before, rowsMax, loadedTo }: NewestQuery,
  reach: PageReach,
): Promise<readonly Place[]> {
  const newest = before === null ? loadedTo : await sequenceOf(connection, before)
  for (const window of reach.windows) {
    const from = newest === null ? null : await idAt(connection, newest - window)
    if (from === null) break
    const found = await placesFrom(connection, conditions, from, rowsMax)
    if (found.length === rowsMax) return found
  }
  const few = await placesWhere(connection, conditions, `LIMIT ${reach.few}`)
  if (few.length < reach.few) return few.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, rowsMax)
  const from = await idOfEnough(connection, conditions, rowsMax, reach.counted)
  return placesFrom(connection, conditions, from, rowsMax)
}

/** Adds records of archives, file by file from the newest on, as long as they belong to the page. */
async function withArchived(
  connection: DuckDBConnection,
  names: Dictionaries,
  { conditions, before, rowsMax, archives }: NewestQuery,
  fromTable: ReadRow[],
): Promise<ReadRow[]> {
  let rows = fromTable
  const { where, values } = conditions
  const files = archives.files.toSorted((a, b) => (a.lastId < b.lastId ? 1 : -1))
  for (const file of files) {
    if (before !== null && file.firstId >= before) continue
    const last = rows.at(-1)
    if (rows.length === rowsMax && last !== undefined && file.lastId < last.row.id) break
    const source = `(${archivedSql(archives.directory, [file])})`
    const found = await readRows(connection, names, `${where} ORDER BY id DESC LIMIT ${rowsMax}`, values, source)
    rows = [...rows, ...found].sort((a, b) => (a.row.id < b.row.id ? 1 : -1)).slice(0, rowsMax)
  }
  return rows
}

async function sequenceOf(connection: DuckDBConnection, id: string): Promise<number | null> {
  const found = await connection.runAndReadAll('SELECT sequence FROM records WHERE id = $1::UUID LIMIT 1', [id])
  const sequence = found.getRows()[0]?.[0]
  return sequence === undefined ? null : Number(sequence)
}

async function idAt(connection: DuckDBConnection, sequence: number): Promise<string | null> {
  const found = await connection.runAndReadAll('SELECT id FROM records WHERE sequence = $1', [BigInt(sequence)])
  const id = found.getRows()[0]?.[0]
  return id === undefined ? null : String(id)
}

/** @param from the lowest id; null for no bound. */
async function placesFrom(
  connection: DuckDBConnection,
  conditions: Conditions,
  from: string | null,
  rowsMax: number,
): Promise<readonly Place[]> {
  const bounded = conditions.copy()
  if (from !== null) bounded.add('id >= ?::UUID', from)
  return placesWhere(connection, bounded, `ORDER BY id DESC LIMIT ${rowsMax}`)
}

async function placesWhere(connection: DuckDBConnection, conditions: Conditions, rest: string): Promise<Place[]> {
  const { where, values } = conditions
  const result = await connection.runAndReadAll(
    `SELECT id::VARCHAR, sequence, rowid FROM records ${where} ${rest}`,
    values,
  )
  return result.getRows().map(([id, sequence, row]) => ({
    id: String(id),
    sequence: BigInt(sequence as bigint),
    row: BigInt(row as bigint),
  }))
}

/** An id from which on there are at least `rowsMax` matching records, and not many more; null when there are fewer. */
async function idOfEnough(
  connection: DuckDBConnection,
  conditions: Conditions,
  rowsMax: number,
  counted: number,
): Promise<string | null> {
  const result = await connection.runAndReadAll(
    `SELECT min(id)::VARCHAR AS lowest, count(*) FROM records ${conditions.where} GROUP BY sequence // ${counted} ORDER BY min(id) DESC`,
    conditions.values,
  )
  let matching = 0
  for (const [lowest, count] of result.getRows()) {
    matching += Number(count)
    if (matching >= rowsMax) return String(lowest)
  }
  return null
}

/**
 * The records at places, in their order. DuckDB finds numbers of a short stretch fastest by the sequence, which is
 * sorted; of a long one by row, which skips what lies between.
 */
async function readPlaces(
  connection: DuckDBConnection,
  names: Dictionaries,
  places: readonly Place[],
  { close }: PageReach,
): Promise<ReadRow[]> {
  if (places.length === 0) return []
  const bySequence = rangeOf(places.map(({ sequence }) => sequence))
  const sql =
    bySequence.to - bySequence.from <= close
      ? inSql('sequence', bySequence)
      : inSql('rowid', rangeOf(places.map(({ row }) => row)))
  const found = await readRows(connection, names, `WHERE ${sql}`, [])
  const bySequenceNumber = new Map(found.map(row => [row.sequence, row]))
  return places.flatMap(({ sequence }) => bySequenceNumber.get(Number(sequence)) ?? [])
}

interface NumberRange {
  readonly numbers: readonly bigint[]
  readonly from: bigint
  readonly to: bigint
}

export function rangeOf(numbers: readonly bigint[]): NumberRange {
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
  const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)
  return { numbers, from: numbers.reduce(least), to: numbers.reduce(most) }
}

/** The range is what DuckDB skips row groups by. */
export function inSql(column: string, { numbers, from, to }: NumberRange): string {
  return `${column} BETWEEN ${from} AND ${to} AND ${column} IN (${numbers.join(', ')})`
}
