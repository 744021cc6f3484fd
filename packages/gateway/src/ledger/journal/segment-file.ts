import type { Clock } from '../../clock.ts'
import { closeFile, openFile, syncData, syncDirectory, truncateFile, writeParts, writePartsInline } from './files.ts'
import { type JournalPosition, offsetOf, segmentOf } from './position.ts'
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
  sync(): Promise<void>
  close(): Promise<void>
}

/**
 * Creates the segment after `previous`. Throws the system's error; the next attempt then overwrites the half-made file.
 */
export async function createSegment(
  directory: string,
  previous: JournalPosition,
  marker: Buffer,
  clock: Clock,
  durable: boolean,
): Promise<SegmentFile> {
  const number = segmentOf(previous) + 1
  const createdAtMs = clock()
  const file = await openFile(segmentPath(directory, number), 'w', 0o600)
  let bytes = preambleBytes
  try {
    const preamble = encodePreamble({
      marker,
      number,
      previousNumber: segmentOf(previous),
      previousBytes: offsetOf(previous),
      createdAtMs,
    })
    await writeParts(file, [preamble], 0, preambleBytes)
    if (durable) await syncDirectory(directory)
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
    sync: () => syncData(file),
    close: () => closeFile(file),
  }
}
