import type { DuckDBConnection } from '@duckdb/node-api'
import type { UsageSource } from '../../../wire/usage.ts'
import type { RecordRow } from '../../record.ts'
import type { Dictionaries } from '../names.ts'
import { readRows } from './rows.ts'

/** Calls since then that began background work without a record of its usage yet, oldest first. */
export async function owed(
  connection: DuckDBConnection,
  names: Dictionaries,
  sinceMs: number,
): Promise<readonly RecordRow[]> {
  const source = (name: UsageSource): number => names.find('usage_source', name) ?? -1
  const isOwed = `usage_source = ${source('owed')} AND started_at_ms >= $1`
  // Most gateways have no such calls; the other queries are then not needed.
  const some = await connection.runAndReadAll(`SELECT 1 FROM records WHERE ${isOwed} LIMIT 1`, [sinceMs])
  if (some.currentRowCount === 0) return []
  const charged = `usage_source IN (${source('reported')}, ${source('bounded')}) AND started_at_ms >= $1`
  const found = await readRows(
    connection,
    names,
    `WHERE ${isOwed}
       AND id::VARCHAR NOT IN (SELECT copy_of FROM records WHERE copy_of IS NOT NULL AND ${charged})
       AND object_id NOT IN (SELECT object_id FROM records WHERE object_id IS NOT NULL AND ${charged})
     ORDER BY id`,
    [sinceMs],
  )
  if (found.length === 0) return []
  const read = await batchesRead(connection, names, charged, sinceMs)
  return found.map(({ row }) => row).filter(({ objectId }) => objectId !== null && !read.has(objectId))
}

/**
 * Ids of batches that were charged with an answer to a client. Such a record names the file of answers as its object.
 */
async function batchesRead(
  connection: DuckDBConnection,
  names: Dictionaries,
  charged: string,
  sinceMs: number,
): Promise<ReadonlySet<string>> {
  const operations = ['batches/{id}', 'batches/{id}/cancel'].map(name => names.find('operation', name) ?? -1)
  const where = `WHERE operation IN (${operations.join(', ')}) AND ${charged}`
  const found = await readRows(connection, names, where, [sinceMs])
  return new Set(found.map(({ row }) => batchOf(row.path)))
}

function batchOf(path: string): string {
  const id = /\/batches\/([^/]+)/.exec(path)?.[1] ?? ''
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
