import type { Clock } from '../../clock.ts'
import { closeFile, openFile, syncData, syncDirectory, truncateFile, writeParts, writePartsInline } from './files.ts'
import { type JournalPosition, offsetOf, segmentOf } from './position.ts'
import { rewriteFile } from './rewrite.ts'
import { SegmentScanner } from './scanner.ts'
import { encodePreamble, preambleBytes, segmentPath } from './segments.ts'

/** The segment that is being written. */
export interface SegmentFile {
  readonly number: number
  readonly marker: Buffer
  readonly createdAtMs: number
  /** Bytes of whole groups; what follows them is undefined. */
  readonly bytes: number
  append(parts: readonly Uint8Array[], bytes: number): Promise<void>
  /** Like `append`, on this thread. When it throws, nothing was appended. */
  appendInline(parts: readonly Uint8Array[], bytes: number): void
  /** Writes `bytes` zeros after the end and removes them again: throws what a write of that size would throw. */
  probe(bytes: number): Promise<void>
  /** Goes back to `end`, the end of the last whole group, and removes what a failed write or sync left after it. */
  trim(end: number): Promise<void>
  /** Bytes that are on the disk: those that were written when the last good sync began. */
  readonly syncedTo: number
  sync(): Promise<void>
  /**
   * Writes the segment again as a file of its own, which takes its place. Nothing may be appended afterwards.
   * @returns bytes after `syncedTo` that cannot be read any more, or not as they were written.
   */
  rewrite(): Promise<number>
  close(): Promise<void>
}

/** Creates the segments of one writer. */
export class SegmentMaker {
  readonly #directory: string
  readonly #clock: Clock
  /** Number of the last segment whose file this writer has created. */
  #created = 0

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
  }

  /**
   * Creates the segment after `previous`. Throws the system's error; the next attempt then overwrites the half-made
   * file. A file that another process created is never overwritten (EEXIST): it has taken the journal while this one
   * slept.
   */
  async make(previous: JournalPosition, marker: Buffer, durable: boolean): Promise<SegmentFile> {
    const number = segmentOf(previous) + 1
    const path = segmentPath(this.#directory, number)
    const file = await openFile(path, this.#created === number ? 'w+' : 'wx+', 0o600)
    this.#created = number
    const facts = { file, path, directory: this.#directory, previous, marker, createdAtMs: this.#clock() }
    return beginSegment(facts, durable)
  }
}

interface SegmentFacts {
  /** Descriptor of the new file. */
  readonly file: number
  readonly path: string
  readonly directory: string
  readonly previous: JournalPosition
  readonly marker: Buffer
  readonly createdAtMs: number
}

async function beginSegment(facts: SegmentFacts, durable: boolean): Promise<SegmentFile> {
  const { file, path, directory, previous, marker, createdAtMs } = facts
  const number = segmentOf(previous) + 1
  let bytes = preambleBytes
  let syncedTo = 0
  try {
    const preamble = encodePreamble({
      marker,
      number,
      previousNumber: segmentOf(previous),
      previousBytes: offsetOf(previous),
      createdAtMs,
    })
    await writeParts(file, [preamble], 0, preambleBytes)
    if (durable) {
      await syncData(file)
      await syncDirectory(directory)
      syncedTo = preambleBytes
    }
  } catch (error) {
    await closeFile(file)
    throw error
  }
  return {
    number,
    marker,
    createdAtMs,
    get bytes() {
      return bytes
    },
    async append(parts, size) {
      await writeParts(file, parts, bytes, size)
      bytes += size
    },
    appendInline(parts, size) {
      writePartsInline(file, parts, bytes, size)
      bytes += size
    },
    async probe(size) {
      await writeParts(file, [Buffer.alloc(size)], bytes, size)
      await truncateFile(file, bytes)
    },
    async trim(end) {
      bytes = end
      await truncateFile(file, end)
    },
    get syncedTo() {
      return syncedTo
    },
    async sync() {
      const end = bytes
      await syncData(file)
      syncedTo = Math.max(syncedTo, end)
    },
    async rewrite() {
      await rewriteFile(file, path, bytes)
      return unreadableBytes(directory, number, Math.max(preambleBytes, syncedTo), bytes)
    },
    close: () => closeFile(file),
  }
}

/** Bytes between two offsets that are no entries, or entries of which the body is not as it was written. */
function unreadableBytes(directory: string, number: number, from: number, to: number): number {
  const entries = new SegmentScanner(directory, number, from)
  let bytes = 0
  try {
    while (entries.next(to)) if (entries.body() === null) bytes += entries.bodyBytes
    return bytes + entries.damage.reduce((sum, damage) => sum + damage.bytes, 0) + (to - entries.end)
  } finally {
    entries.close()
  }
}
