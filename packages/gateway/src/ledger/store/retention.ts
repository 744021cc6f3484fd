import { unlinkSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import { readPreamble, segmentNumbers, segmentPath } from '../journal/segments.ts'
import { forgetArchives, readArchives } from './archives.ts'
import { heldDays } from './held.ts'
import { remakeHours } from './rollups.ts'
import { inTransaction } from './transaction.ts'

export interface Retained {
  /** Records that were deleted because of their age. */
  readonly records: number
  /** Records that were moved into archives. */
  readonly archived: number
  /** Segments that were deleted: their bodies were too old, and nothing has to read them any more. */
  readonly segments: number
  /** How many of these each feed had not read: they had been kept for it as long as allowed. Only feeds with some. */
  readonly unread: Readonly<Record<string, number>>
}

/** A feed that has not read everything. */
export interface FeedNeeds {
  readonly name: string
  /** The feed reads from here. */
  readonly from: JournalPosition
  /** Segments that were finished before it are no longer kept for the feed. */
  readonly fromMs: number
}

/** What segments are needed for. Positions of one journal, times in milliseconds since the epoch. */
export interface SegmentNeeds {
  /** The store would read from here after a crash. */
  readonly store: JournalPosition
  readonly feeds: readonly FeedNeeds[]
  /** Segments with entries of records on legal hold: they stay, and what is between them leaves. */
  readonly held: ReadonlySet<number>
  /** Bodies of segments that were finished before it are too old. */
  readonly bodiesFromMs: number
  readonly nowMs: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * Deletes the figures of exchanges that began before `cutoffMs`, and what they add to the rollups. Where days are in
 * archives, whole days are deleted, and a day of which an archive has a held record stays.
 * @param archives directory of the archives. Their files are removed with `removeFiles` once this is on the disk.
 * @param held condition of records on legal hold, as `heldSql` gives it.
 */
export function deleteRecords(
  connection: DuckDBConnection,
  archives: string,
  cutoffMs: number,
  held: string,
): Promise<number> {
  return inTransaction(connection, async () => {
    const hasArchives = (await readArchives(connection)).length > 0
    const fromMs = hasArchives ? Math.floor(cutoffMs / dayMs) * dayMs : cutoffMs
    const kept = hasArchives ? await heldDays(connection, archives, held) : new Set<number>()
    const { rowsChanged } = await connection.run(`DELETE FROM records WHERE started_at_ms < $1 AND NOT ${held}`, [
      fromMs,
    ])
    const archived = hasArchives ? await forgetArchives(connection, fromMs / dayMs, kept) : 0
    if (rowsChanged + archived === 0) return 0
    const hour = Math.floor(fromMs / hourMs)
    await connection.run('DELETE FROM rollups WHERE start_hour < $1', [hour])
    const left = await hoursLeft(connection, fromMs, kept)
    await remakeHours(connection, archives, hasArchives ? left : [...left, hour])
    return rowsChanged + archived
  })
}

/** Hours before a time of which held records are left. */
async function hoursLeft(
  connection: DuckDBConnection,
  beforeMs: number,
  keptDays: ReadonlySet<number>,
): Promise<readonly number[]> {
  const found = await connection.runAndReadAll('SELECT DISTINCT start_hour FROM records WHERE started_at_ms < $1', [
    beforeMs,
  ])
  const before = Math.floor(beforeMs / hourMs)
  const hours = new Set(found.getRows().map(([hour]) => Number(hour)))
  for (const day of keptDays) for (let hour = 0; hour < 24; hour++) hours.add(day * 24 + hour)
  hours.delete(before)
  return [...hours].filter(hour => hour < before)
}

/** Deletes the oldest segments, up to the first that is needed, without those on legal hold. */
export function deleteSegments(journal: string, needs: SegmentNeeds): Omit<Retained, 'records' | 'archived'> {
  const { store, feeds, bodiesFromMs, held } = needs
  let segments = 0
  const unread: Record<string, number> = {}
  for (const { segment, finishedAtMs } of finishedSegments(journal, needs.nowMs)) {
    if (segment >= segmentOf(store) || finishedAtMs >= bodiesFromMs) break
    const missing = feeds.filter(({ from }) => segment >= segmentOf(from))
    if (missing.some(({ fromMs }) => finishedAtMs >= fromMs)) break
    if (held.has(segment)) continue
    unlinkSync(segmentPath(journal, segment))
    segments += 1
    for (const { name } of missing) unread[name] = (unread[name] ?? 0) + 1
  }
  return { segments, unread }
}

/** Slack for clocks that are corrected step by step. */
const minuteMs = 60_000

/**
 * The segments, oldest first, and when each was finished, which is when its successor began. A clock that was wrong for
 * a while must neither delete a segment early nor keep all of them for as long as it was ahead. So times in the future
 * count as unknown, as do damaged ones, and then the next successor decides; and no segment was finished before an
 * earlier one began.
 */
function* finishedSegments(
  journal: string,
  nowMs: number,
): Generator<{ readonly segment: number; readonly finishedAtMs: number }> {
  const segments = segmentNumbers(journal)
  const begins = new Map<number, number | null>()
  const beganAtMs = (index: number): number | null => {
    const known = begins.get(index)
    if (known !== undefined) return known
    const createdAtMs = readPreamble(journal, segments[index] ?? 0)?.createdAtMs ?? null
    const began = createdAtMs === null || createdAtMs > nowMs + minuteMs ? null : createdAtMs
    begins.set(index, began)
    return began
  }
  let latestMs = 0
  for (const [index, segment] of segments.entries()) {
    latestMs = Math.max(latestMs, beganAtMs(index) ?? 0)
    let successor = index + 1
    while (successor < segments.length && beganAtMs(successor) === null) successor += 1
    if (successor === segments.length) return
    yield { segment, finishedAtMs: Math.max(latestMs, beganAtMs(successor) ?? 0) }
  }
}
