import { unlinkSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import { readPreamble, segmentNumbers, segmentPath } from '../journal/segments.ts'

export interface Retained {
  /** Records that were deleted because of their age. */
  readonly records: number
  /** Segments that were deleted: their bodies were too old, and nobody has to read them any more. */
  readonly segments: number
}

/** Deletes the figures of exchanges that began before `cutoffMs`. */
export async function deleteRecords(connection: DuckDBConnection, cutoffMs: number): Promise<number> {
  const result = await connection.run('DELETE FROM records WHERE started_at_ms < $1', [cutoffMs])
  return result.rowsChanged
}

/** Deletes the segments before `keepFrom` that were finished before `cutoffMs`. */
export function deleteSegments(journal: string, keepFrom: JournalPosition, cutoffMs: number): number {
  let deleted = 0
  for (const segment of segmentNumbers(journal)) {
    // A segment was finished when its successor began.
    const finishedAtMs = readPreamble(journal, segment + 1)?.createdAtMs
    if (segment >= segmentOf(keepFrom) || finishedAtMs === undefined || finishedAtMs >= cutoffMs) break
    unlinkSync(segmentPath(journal, segment))
    deleted += 1
  }
  return deleted
}
