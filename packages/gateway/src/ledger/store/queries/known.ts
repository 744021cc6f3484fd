import type { DuckDBConnection } from '@duckdb/node-api'
import { readArchives, rowsSource } from '../archives.ts'

/**
 * Those of these ids of which there is a record. Ids begin with their time and records come in about that order, so the
 * bounds leave out most of the table.
 * @param archives directory of the archives.
 */
export async function known(
  connection: DuckDBConnection,
  ids: readonly string[],
  archives: string,
): Promise<ReadonlySet<string>> {
  const inOrder = ids.toSorted()
  const [first, last] = [inOrder[0], inOrder.at(-1)]
  if (first === undefined || last === undefined) return new Set()
  const old = (await readArchives(connection)).filter(({ firstId, lastId }) => firstId <= last && lastId >= first)
  const found = await connection.runAndReadAll(
    `SELECT id::VARCHAR FROM ${rowsSource(archives, old)} WHERE id BETWEEN $1::UUID AND $2::UUID
       AND id IN (SELECT unnest(string_split($3, ','))::UUID)`,
    [first, last, inOrder.join()],
  )
  return new Set(found.getRows().map(([id]) => String(id)))
}
