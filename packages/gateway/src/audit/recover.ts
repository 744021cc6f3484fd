/** What a process finds of a trail when it begins to write: the end of the chain, mended where a write was torn. */
import { mkdir, truncate } from 'node:fs/promises'
import { linesOf, readHead, segmentPath, segmentsIn, writeHead } from './files.ts'
import type { AuditEvent } from './index.ts'
import { type ChainEnd, chainStart, LineFault, readLine } from './line.ts'

export interface Found {
  readonly end: ChainEnd
  /** The segment to append to; 0 for none: the next entry begins a new one. */
  readonly segment: number
  /** Bytes of that segment. */
  readonly bytes: number
  /** Highest number of a segment, 0 for none. */
  readonly last: number
  /** Time of the last entry, ISO 8601; null where there is none. */
  readonly time: string | null
  /** What is wrong, as entries that the process writes first. */
  readonly findings: readonly Pick<AuditEvent, 'action' | 'outcome' | 'facts'>[]
}

/** Rejects with the error of the system. */
export async function recover(directory: string): Promise<Found> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const segments = await segmentsIn(directory)
  const head = await readHead(directory)
  const findings: Found['findings'][number][] = []
  const last = segments.at(-1) ?? 0
  const tail = await tailOf(directory, segments, findings)
  findings.push(...headFindings(tail.end, head))
  // From now on a trail without a head is one from which it was removed.
  if (head === null && tail.end.seq === -1) await writeHead(directory, chainStart)
  return { ...tail, last, findings }
}

async function tailOf(
  directory: string,
  segments: readonly number[],
  findings: Found['findings'][number][],
): Promise<Omit<Found, 'last' | 'findings'>> {
  // A process that dies after it made a segment leaves it empty: the one before has the end.
  for (const segment of segments.toReversed()) {
    const { lines, torn } = await linesOf(directory, segment)
    const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0)
    if (torn.length > 0) {
      // No answer has gone out for it: entries are on the disk before that.
      await truncate(segmentPath(directory, segment), bytes)
      findings.push({ action: 'trail_mended', outcome: 'done', facts: { segment, bytes: torn.length } })
    }
    const line = lines.at(-1)
    if (line === undefined) continue
    try {
      const { seq, hash, time } = readLine(line)
      return { end: { seq, hash }, segment, bytes, time }
    } catch (error) {
      if (!(error instanceof LineFault)) throw error
      findings.push({ action: 'trail_broken', outcome: 'failed', facts: { segment, line: lines.length } })
      // What follows has a segment of its own. `gatehouse audit verify` says where the chain is broken.
      return { end: lastReadable(lines) ?? chainStart, segment: 0, bytes: 0, time: null }
    }
  }
  return { end: chainStart, segment: 0, bytes: 0, time: null }
}

function lastReadable(lines: readonly Buffer[]): ChainEnd | null {
  for (const line of lines.toReversed()) {
    try {
      const { seq, hash } = readLine(line)
      return { seq, hash }
    } catch (error) {
      if (!(error instanceof LineFault)) throw error
    }
  }
  return null
}

function headFindings(end: ChainEnd, head: ChainEnd | 'damaged' | null): Found['findings'] {
  if (head === 'damaged') return [{ action: 'trail_head_damaged', outcome: 'failed', facts: { found: end.seq } }]
  if (head === null) {
    return end.seq === -1 ? [] : [{ action: 'trail_head_missing', outcome: 'failed', facts: { found: end.seq } }]
  }
  if (end.seq >= head.seq) return []
  return [{ action: 'trail_end_lost', outcome: 'failed', facts: { found: end.seq, was: head.seq, hash: head.hash } }]
}
