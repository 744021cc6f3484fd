import type { DuckDBConnection } from '@duckdb/node-api'
import { readBodies } from '../../journal/bodies.ts'
import type { RecordBodies } from '../../record.ts'

export interface WantedBodies {
  readonly id: string
  /** Bodies of exchanges that began earlier are not shown, unless they are on legal hold. */
  readonly purgedBeforeMs: number
  /** Condition of records on legal hold, as `heldSql` gives it. */
  readonly held: string
}

/** Null when there is no such record. @param journal directory of the segments. */
export async function bodies(
  connection: DuckDBConnection,
  journal: string,
  { id, purgedBeforeMs, held }: WantedBodies,
): Promise<RecordBodies | null> {
  const result = await connection.runAndReadAll(
    `SELECT opened_at, closed_at, parts, request_bytes, response_bytes, started_at_ms < $2 AND NOT ${held}
     FROM records WHERE id = TRY_CAST($1 AS UUID) LIMIT 1`,
    [id, purgedBeforeMs],
  )
  const cells = result.getRows()[0]
  if (cells === undefined) return null
  const [openedAt, closedAt, parts, requestBytes, responseBytes, isPurged] = cells
  if (isPurged === true) return { id, request: null, response: null }
  const positions = {
    openedAt: Number(openedAt),
    closedAt: Number(closedAt),
    parts: parts === null || parts === undefined ? [] : (JSON.parse(String(parts)) as number[]),
  }
  const read = readBodies(journal, positions, id)
  return {
    id,
    request: read === null ? null : captured(read.request, Number(requestBytes)),
    response: read === null ? null : captured(read.response, Number(responseBytes)),
  }
}

/** Null when bytes passed and none were kept: the workload captures figures only. */
function captured(parts: readonly Buffer[], passedBytes: number): Uint8Array | null {
  const joined = Buffer.concat(parts)
  if (joined.byteLength === 0 && passedBytes > 0) return null
  // A copy of its own memory: it is handed to another thread.
  return new Uint8Array(joined)
}
