import type { DuckDBConnection } from '@duckdb/node-api'
import type { Names } from '../names.ts'
import { objectHash } from '../object-hash.ts'

/** Who created an object and where it lives, by the newest record that says both; null when none does. */
export async function creatorOf(
  connection: DuckDBConnection,
  names: Names,
  objectId: string,
): Promise<{ readonly workload: string; readonly instance: string } | null> {
  const result = await connection.runAndReadAll(
    `SELECT workload, instance FROM records WHERE object_hash = ${objectHash(objectId)} AND object_id = $1
       AND workload <> 0 AND instance <> 0 ORDER BY id DESC LIMIT 1`,
    [objectId],
  )
  const [workloadCode, instanceCode] = result.getRows()[0] ?? []
  const workload = names.textOf('workload', Number(workloadCode ?? 0))
  const instance = names.textOf('instance', Number(instanceCode ?? 0))
  return workload === null || instance === null ? null : { workload, instance }
}
