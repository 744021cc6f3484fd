/** Reads entries of a trail, newest first. */
import { open } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { linesOf, segmentPath, segmentsIn, splitLines } from './files.ts'
import type { AuditEntry, AuditPage, AuditQuery } from './index.ts'
import { type ChainEnd, LineFault, readLine } from './line.ts'

/** Segments that one page looks through. Where they have too few entries of the kind, the page is short. */
const segmentsMax = 16
/** Lines that are read in one turn: the event loop also serves calls. */
const linesPerTurn = 500
/** The first line of a segment is shorter. */
const firstLineBytesMax = 262_144

/** @param end the newest entry that is on the disk. */
export async function listEntries(directory: string, query: AuditQuery, end: ChainEnd): Promise<AuditPage> {
  const head = end.seq < 0 ? null : { seq: end.seq, hash: end.hash }
  const below = Math.min(query.before ?? Number.MAX_SAFE_INTEGER, end.seq + 1)
  const entries: AuditEntry[] = []
  let looked = 0
  for (const segment of (await segmentsIn(directory)).toReversed()) {
    const first = await firstOf(directory, segment)
    if (first !== null && first >= below) continue
    const { entries: found, isOver } = await look(directory, segment, {
      ...query,
      before: below,
      limit: query.limit - entries.length,
    })
    entries.push(...found)
    const last = entries.at(-1)
    if (entries.length >= query.limit && last !== undefined) return { entries, next: later(last.seq), head }
    if (isOver) break
    looked += 1
    if (looked >= segmentsMax && first !== null) return { entries, next: later(first), head }
  }
  return { entries, next: null, head }
}

const later = (seq: number): number | null => (seq > 0 ? seq : null)

/** Number of the first entry of a segment; null where it has none. */
async function firstOf(directory: string, segment: number): Promise<number | null> {
  const file = await open(segmentPath(directory, segment))
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(firstLineBytesMax), 0, firstLineBytesMax, 0)
    const [line] = splitLines(buffer.subarray(0, bytesRead)).lines
    return line === undefined ? null : (entryIn(line)?.seq ?? null)
  } finally {
    await file.close()
  }
}

/** @returns `isOver` where older segments have nothing of the period. */
async function look(
  directory: string,
  segment: number,
  query: AuditQuery & { readonly before: number },
): Promise<{ readonly entries: readonly AuditEntry[]; readonly isOver: boolean }> {
  const entries: AuditEntry[] = []
  const { lines } = await linesOf(directory, segment)
  for (const [index, line] of lines.toReversed().entries()) {
    if (index % linesPerTurn === linesPerTurn - 1) await turn()
    const entry = mayMatch(line, query) ? entryIn(line) : null
    if (entry === null || entry.seq >= query.before || !matches(entry, query)) continue
    if (query.fromMs !== undefined && Date.parse(entry.time) < query.fromMs) return { entries, isOver: true }
    entries.push(entry)
    if (entries.length >= query.limit) break
  }
  return { entries, isOver: false }
}

/** Null for a line that is none; `gatehouse audit verify` names it. */
function entryIn(line: Buffer): AuditEntry | null {
  try {
    return readLine(line)
  } catch (error) {
    if (error instanceof LineFault) return null
    throw error
  }
}

/** Most lines need not be parsed. */
function mayMatch(line: Buffer, { actor, action, outcome }: AuditQuery): boolean {
  return (
    (outcome === undefined || line.includes(`"outcome":"${outcome}"`)) &&
    (action === undefined || line.includes(`"action":${JSON.stringify(action)}`)) &&
    (actor === undefined || line.includes(JSON.stringify(actor)))
  )
}

/** `actor` is a key, or a name as it is displayed. */
function matches(entry: AuditEntry, { actor, action, outcome, toMs }: AuditQuery): boolean {
  return (
    (outcome === undefined || entry.outcome === outcome) &&
    (action === undefined || entry.action === action) &&
    (actor === undefined || entry.actor === actor || entry.name === actor) &&
    (toMs === undefined || Date.parse(entry.time) < toMs)
  )
}
