/** Rewrites a segment of the journal without what some exchanges say about a person. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, open, rename, rm, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { erasedEntry } from './erased-entry.ts'
import { syncDirectory } from './files.ts'
import { at } from './frame.ts'
import { type JournalPosition, segmentOf } from './position.ts'
import { SegmentScanner } from './scanner.ts'
import { readPreamble, segmentNumbers, segmentPath } from './segments.ts'

export interface ErasedSegment {
  readonly segment: number
  /** Entries that were rewritten. */
  readonly entries: number
  /** Bytes of bodies that were removed. */
  readonly bodyBytes: number
  /** SHA-256 of the file, in hex. */
  readonly before: string
  readonly after: string
}

export interface SegmentErasure {
  /** Directory of the segments. */
  readonly journal: string
  readonly segment: number
  readonly pseudonym: string
  /** True for an exchange to erase. @param id its 16 bytes as latin1. */
  readonly selects: (id: string) => boolean
}

/** Entries that are looked at before the thread does something else. */
const entriesAtOnce = 2_000

/**
 * The new file has every entry at the place that it had, and takes the place of the old one in one step; readers that
 * have the old one open keep it until they close it. What a killed process left is `NNN.seg.new`, which the next start
 * removes. The segment must get no further entries.
 * @returns null when no entry is of a selected exchange.
 */
export async function eraseSegment(erasure: SegmentErasure): Promise<ErasedSegment | null> {
  const { journal, segment, pseudonym } = erasure
  const path = segmentPath(journal, segment)
  const end = validBytes(journal, segment, (await stat(path)).size)
  const offsets = await offsetsOf(erasure, end)
  if (offsets.length === 0) return null
  const before = await digestOf(path)
  const freshPath = `${path}.new`
  let bodyBytes = 0
  try {
    await copyFile(path, freshPath)
    const fresh = await open(freshPath, 'r+', 0o600)
    const entries = new SegmentScanner(journal, segment)
    try {
      for (const offset of offsets) {
        if (!entries.seek(offset)) throw new Error(`The entry at ${offset} of segment ${segment} cannot be read again.`)
        bodyBytes += entries.bodyBytes
        const bytes = erasedEntry(entries, pseudonym)
        await fresh.write(bytes, 0, bytes.byteLength, offset)
      }
      await fresh.sync()
    } finally {
      entries.close()
      await fresh.close()
    }
    const after = await digestOf(freshPath)
    await rename(freshPath, path)
    await syncDirectory(dirname(path))
    return { segment, entries: offsets.length, bodyBytes, before, after }
  } catch (error) {
    await rm(freshPath, { force: true }).catch(() => {})
    throw error
  }
}

async function offsetsOf({ journal, segment, selects }: SegmentErasure, end: number): Promise<readonly number[]> {
  const offsets: number[] = []
  const entries = new SegmentScanner(journal, segment)
  try {
    for (let count = 1; entries.next(end); count += 1) {
      const idAt = entries.headAt + at.id
      if (selects(entries.window.toString('latin1', idAt, idAt + 16))) offsets.push(entries.offset)
      if (count % entriesAtOnce === 0) await nextTurn()
    }
  } finally {
    entries.close()
  }
  return offsets
}

/** How many bytes of a segment are valid: its successor says so. @param size of the file. */
export function validBytes(journal: string, segment: number, size: number): number {
  const successor = readPreamble(journal, segment + 1)
  return successor?.previousNumber === segment ? Math.min(successor.previousBytes, size) : size
}

/**
 * Removes what a failed write left after the last entry of the segments before a position: it may be of anyone.
 * @param journal directory of the segments.
 */
export async function cutTails(journal: string, to: JournalPosition): Promise<void> {
  for (const segment of segmentNumbers(journal)) {
    if (segment >= segmentOf(to)) break
    const path = segmentPath(journal, segment)
    const { size } = await stat(path)
    const end = validBytes(journal, segment, size)
    if (end < size) await truncate(path, end)
  }
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) digest.update(chunk as Buffer)
  return digest.digest('hex')
}
