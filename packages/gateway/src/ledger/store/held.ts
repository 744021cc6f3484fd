/** Records on legal hold, in SQL. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { segmentOf } from '../journal/position.ts'
import type { HoldFilter } from '../privacy/index.ts'
import { readArchives, rowsSource } from './archives.ts'
import type { Dictionaries } from './names.ts'

/** A condition in brackets, true for records that one of these holds selects. Numbers of names need no escaping. */
export function heldSql(holds: readonly HoldFilter[], names: Dictionaries): string {
  const any = holds.flatMap(hold => conditionOf(hold, names) ?? [])
  return any.length === 0 ? '(false)' : `(${any.join(' OR ')})`
}

/** Null for a hold that selects no record, because no record has its caller or its workload. */
function conditionOf({ caller, workload, fromMs, toMs }: HoldFilter, names: Dictionaries): string | null {
  const all: string[] = []
  for (const [column, text] of [
    ['caller_key', caller],
    ['workload', workload],
  ] as const) {
    if (text === null) continue
    const code = names.find(column, text)
    if (code === null) return null
    all.push(`${column} = ${code}`)
  }
  if (fromMs !== null) all.push(`started_at_ms >= ${Number(fromMs)}`)
  if (toMs !== null) all.push(`started_at_ms < ${Number(toMs)}`)
  return all.length === 0 ? 'true' : `(${all.join(' AND ')})`
}

/** Days of archives with a record on hold, counted from 1970. @param archives directory of the archives. */
export async function heldDays(
  connection: DuckDBConnection,
  archives: string,
  held: string,
): Promise<ReadonlySet<number>> {
  if (held === '(false)') return new Set()
  const rows = rowsSource(archives, await readArchives(connection))
  const found = await connection.runAndReadAll(`SELECT DISTINCT start_day FROM ${rows} WHERE ${held}`)
  return new Set(found.getRows().map(([day]) => Number(day)))
}

/** Segments with an entry of a record on hold. */
export async function heldSegments(connection: DuckDBConnection, held: string): Promise<ReadonlySet<number>> {
  if (held === '(false)') return new Set()
  const found = await connection.runAndReadAll(
    `SELECT opened_at, closed_at, parts FROM records WHERE ${held} AND closed_at > 0`,
  )
  const segments = new Set<number>()
  for (const [openedAt, closedAt, parts] of found.getRows()) {
    const between = typeof parts === 'string' ? (JSON.parse(parts) as number[]).filter((_, at) => at % 2 === 1) : []
    for (const position of [Number(openedAt), Number(closedAt), ...between]) segments.add(segmentOf(position))
  }
  return segments
}
