import type { DuckDBConnection } from '@duckdb/node-api'
import type { Dictionaries } from '../names.ts'
import { objectHash } from '../object-hash.ts'

/**
 * Creator and instance of objects, each from the newest record that names both. Objects that no record names are left
 * out.
 */
export async function creatorsOf(
  connection: DuckDBConnection,
  names: Dictionaries,
  objectIds: readonly string[],
): Promise<Map<string, { readonly workload: string; readonly instance: string }>> {
  const found = new Map<string, { readonly workload: string; readonly instance: string }>()
  if (objectIds.length === 0) return found
  const hashes = objectIds.map(objectHash).join(', ')
  const places = objectIds.map((_, at) => `$${at + 1}`).join(', ')
  const result = await connection.runAndReadAll(
    `SELECT object_id, workload, instance FROM (
       SELECT object_hash, object_id, workload, instance, id FROM records
       UNION ALL SELECT object_hash, object_id, workload, instance, id FROM archived_objects)
     WHERE object_hash IN (${hashes}) AND object_id IN (${places}) AND workload > 0 AND instance > 0
     QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY id DESC) = 1`,
    [...objectIds],
  )
  for (const [id, workloadCode, instanceCode] of result.getRows()) {
    const workload = names.textOf('workload', Number(workloadCode ?? 0))
    const instance = names.textOf('instance', Number(instanceCode ?? 0))
    if (workload !== null && instance !== null) found.set(String(id), { workload, instance })
  }
  return found
}
