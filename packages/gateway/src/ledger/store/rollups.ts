/**
 * Sums of records by hour and by everything that reports group by and filter on. A report over a month reads them
 * instead of its rows. They are a reading of `records`, written in the same transaction as the rows, and equal to what
 * the rows say at every moment.
 */
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { UsageSource } from '../../wire/usage.ts'
import { groupedFields, summedFields } from '../reports.ts'
import { readArchives, rowsSource } from './archives.ts'
import { columnNameOf } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** Model of a record: the one that the answer names, else the requested one. */
export const modelSql = 'CASE WHEN served_model <> 0 THEN served_model ELSE requested_model END'

/** Sources of usage that was counted or bounded here. */
const estimated: readonly UsageSource[] = ['counted', 'bounded']
const estimatedSql = `usage_source IN (SELECT code FROM names WHERE dictionary = 'usage_source' AND text IN (${estimated.map(name => `'${name}'`).join(', ')}))`

/** A column of `rollups` that tells one sum from another; `sql`: its value in a row of `records`. */
interface RollupKey {
  readonly name: string
  readonly sql: string
}

const key = (name: string, sql = name): RollupKey => ({ name, sql })
export const rollupKeys: readonly RollupKey[] = [
  // Day and month follow from the hour; as columns they cost little and are grouped by as they are.
  ...['start_hour', 'start_day', 'start_month'].map(name => key(name)),
  ...groupedFields.map(field => key(columnNameOf(field))),
  key('model', modelSql),
  ...['caller_key', 'caller_object_id', 'caller_name', 'outcome_code', 'status', 'copy_kind', 'currency'].map(name =>
    key(name),
  ),
]

/** A column of `rollups` that sums; `sql`: what a row of `records` adds to it. */
interface RollupFigure {
  readonly name: string
  readonly sql: string
  /** How values become one: also those of several rollups. */
  readonly joined: 'sum' | 'max'
  readonly type: 'BIGINT' | 'HUGEINT' | 'DOUBLE'
}

export const rollupFigures: readonly RollupFigure[] = [
  { name: 'records', sql: '1', joined: 'sum', type: 'BIGINT' },
  // A record may stand for many refused calls.
  { name: 'calls', sql: 'coalesce(summed_calls, 1)', joined: 'sum', type: 'BIGINT' },
  ...summedFields.map(({ name }) => ({ ...key(columnNameOf(name)), joined: 'sum', type: 'BIGINT' }) as const),
  { name: 'estimated', sql: `(${estimatedSql})::INTEGER`, joined: 'sum', type: 'BIGINT' },
  { name: 'unpriced', sql: '(currency = 0 AND coalesce(total_tokens, 0) > 0)::INTEGER', joined: 'sum', type: 'BIGINT' },
  // A cost may be as large as 2^53, and a sum that does not fit would stop the loading.
  { name: 'cost_nano', sql: 'cost_nano', joined: 'sum', type: 'HUGEINT' },
  { name: 'timed', sql: '(ended_at_ms IS NOT NULL)::INTEGER', joined: 'sum', type: 'BIGINT' },
  { name: 'duration_ms', sql: 'ended_at_ms - started_at_ms', joined: 'sum', type: 'DOUBLE' },
  { name: 'newest_ms', sql: 'started_at_ms', joined: 'max', type: 'DOUBLE' },
]

const names = (columns: readonly { readonly name: string }[]): string => columns.map(({ name }) => name).join(', ')
const keyNames = names(rollupKeys)

/** Columns of `rollups`, in their order. `merged`: false for the sums of one transaction. */
const tableSql = `CREATE OR REPLACE TABLE rollups (${[
  ...rollupKeys.map(({ name }) => `${name} INTEGER`),
  ...rollupFigures.map(({ name, type }) => `${name} ${type}`),
  'merged BOOLEAN NOT NULL',
].join(', ')})`

/** The sums of some rows. @param where with WHERE. @param source as `rowsSource` gives it. */
const ofRows = (where: string, merged: boolean, source = 'records'): string => {
  const keys = rollupKeys.map(({ name, sql }) => `${sql} AS ${name}`)
  const figures = rollupFigures.map(({ name, sql, joined, type }) => `${joined}(${sql})::${type} AS ${name}`)
  return `SELECT ${[...keys, ...figures].join(', ')}, ${merged} FROM ${source} ${where} GROUP BY ${rollupKeys.map((_, at) => at + 1).join(', ')}`
}
/** Rows that are alike, one after the other, take half the room. */
const inOrder = 'ORDER BY start_hour, workload, caller_key, deployment'

const ofRollups = (where: string): string =>
  `SELECT ${keyNames}, ${rollupFigures.map(({ name, joined, type }) => `${joined}(${name})::${type} AS ${name}`).join(', ')}, true AS merged
   FROM rollups ${where} GROUP BY ${keyNames}`

/** How rollups are made. Those that an earlier version made in another way are made anew. */
const definition = `${tableSql}; ${ofRows('', true)}`

/** Makes the statement that adds the rows with a sequence number above `$1`, up to `$2`. */
export function prepareRollup(connection: DuckDBConnection): Promise<DuckDBPreparedStatement> {
  return connection.prepare(`INSERT INTO rollups ${ofRows('WHERE sequence > $1 AND sequence <= $2', false)}`)
}

/** False where another version made the rollups in another way. */
export async function areRollupsCurrent(connection: DuckDBConnection): Promise<boolean> {
  const found = await connection.runAndReadAll('SELECT definition FROM rollup_definition')
  return found.getRows()[0]?.[0] === definition
}

/** Makes the rollups anew from the rows unless they are as this version makes them. In the caller's transaction. */
export async function ensureRollups(connection: DuckDBConnection, archives: string): Promise<void> {
  if (await areRollupsCurrent(connection)) return
  await makeRollups(connection, archives)
  await connection.run('UPDATE rollup_definition SET definition = $1', [definition])
}

/**
 * Makes all rollups anew, a day at a time: the groups of a year need more memory than the store may use.
 * @param archives directory of the archives.
 */
export async function makeRollups(connection: DuckDBConnection, archives: string): Promise<void> {
  await connection.run(tableSql)
  const files = await readArchives(connection)
  const days = await connection.runAndReadAll(
    'SELECT start_day FROM records UNION SELECT day FROM archives ORDER BY start_day',
  )
  for (const [cell] of days.getRows()) {
    const day = Number(cell)
    const source = rowsSource(
      archives,
      files.filter(file => file.day === day),
    )
    await connection.run(`INSERT INTO rollups ${ofRows(`WHERE start_day = ${day}`, true, source)} ${inOrder}`)
  }
}

/**
 * Joins the sums that transactions have added to the hours in which they fall. Without it, a quiet gateway would have
 * as many rollups as records.
 */
export async function mergeRollups(connection: DuckDBConnection): Promise<void> {
  const dirty = await connection.runAndReadAll('SELECT DISTINCT start_hour FROM rollups WHERE NOT merged')
  const hours = dirty.getRows().map(([hour]) => Number(hour))
  if (hours.length === 0) return
  const where = `WHERE start_hour IN (${hours.join(', ')})`
  await inTransaction(connection, async () => {
    await connection.run(`CREATE OR REPLACE TEMP TABLE merging AS ${ofRollups(where)} ${inOrder}`)
    await connection.run(`DELETE FROM rollups ${where}`)
    await connection.run('INSERT INTO rollups FROM merging')
    await connection.run('DROP TABLE merging')
  })
}

/** Hours whose rollups are not what their rows say, ascending. Sums of durations may differ by rounding. */
export async function wrongHours(connection: DuckDBConnection, archives: string): Promise<readonly number[]> {
  const exact = names([...rollupKeys, ...rollupFigures.filter(({ name }) => name !== 'duration_ms')])
  const byRows = ofRows('', true, rowsSource(archives, await readArchives(connection)))
  const byRollups = ofRollups('')
  const durations = (sums: string): string =>
    `(SELECT start_hour, sum(duration_ms) AS ms FROM (${sums}) GROUP BY start_hour)`
  const found = await connection.runAndReadAll(
    `SELECT start_hour FROM (SELECT ${exact} FROM (${byRows}) EXCEPT ALL SELECT ${exact} FROM (${byRollups}))
     UNION SELECT start_hour FROM (SELECT ${exact} FROM (${byRollups}) EXCEPT ALL SELECT ${exact} FROM (${byRows}))
     UNION SELECT start_hour FROM ${durations(byRows)} r JOIN ${durations(byRollups)} s USING (start_hour)
       WHERE abs(r.ms - s.ms) > 1e-6 * (1 + abs(r.ms))
     ORDER BY start_hour`,
  )
  return found.getRows().map(([hour]) => Number(hour))
}

/** Makes the rollups of some hours anew from their rows. In the caller's transaction. */
export async function remakeHours(
  connection: DuckDBConnection,
  archives: string,
  hours: readonly number[],
): Promise<void> {
  if (hours.length === 0) return
  const days = new Set(hours.map(hour => Math.floor(hour / 24)))
  const source = rowsSource(
    archives,
    (await readArchives(connection)).filter(({ day }) => days.has(day)),
  )
  const where = `WHERE start_hour IN (${hours.join(', ')})`
  await connection.run(`DELETE FROM rollups ${where}`)
  await connection.run(`INSERT INTO rollups ${ofRows(where, true, source)} ${inOrder}`)
}
