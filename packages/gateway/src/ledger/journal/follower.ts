import { codeOf } from '../../errors.ts'
import { type JournalPosition, offsetOf, positionAt, segmentOf } from './position.ts'
import { type Damage, SegmentScanner } from './scanner.ts'
import { preambleBytes, readPreamble, segmentNumbers } from './segments.ts'

/** Walks over the entries of a journal from a position on, segment after segment, while it is being written. */
export class Follower {
  readonly #directory: string
  readonly #onDamage: (damage: Damage) => void
  #scanner: SegmentScanner | null = null
  #position: JournalPosition
  /** Result of `#bytesOf` for the segment that is open. */
  #finalBytes: number | null = null

  constructor(directory: string, from: JournalPosition, onDamage: (damage: Damage) => void) {
    this.#directory = directory
    this.#position = from
    this.#onDamage = onDamage
  }

  /** After the last entry that was read. */
  get position(): JournalPosition {
    return this.#position
  }

  /** The entry that `next` went to. */
  get entry(): SegmentScanner {
    if (this.#scanner === null) throw new RangeError('No entry has been read.')
    return this.#scanner
  }

  /**
   * Goes to the next entry that ends at or before `limit`.
   * @throws the system's error when a segment cannot be opened or read. The position stays, so a later call tries the
   *   same segment again.
   */
  next(limit: JournalPosition): boolean {
    for (;;) {
      const segment = segmentOf(this.#position)
      if (positionAt(segment, preambleBytes) > limit) return false
      const scanner = this.#open(segment)
      const live = segment === segmentOf(limit)
      if (scanner !== null && this.#nextIn(scanner, live ? offsetOf(limit) : this.#finalBytesOf(scanner))) return true
      if (live) return false
      this.#leave(segment)
    }
  }

  close(): void {
    this.#scanner?.close()
    this.#scanner = null
    this.#finalBytes = null
  }

  #nextIn(scanner: SegmentScanner, bytes: number): boolean {
    const found = scanner.next(bytes)
    this.#position = positionAt(scanner.segment, scanner.end)
    for (const damage of scanner.damage.splice(0)) this.#onDamage(damage)
    return found
  }

  #finalBytesOf(scanner: SegmentScanner): number {
    this.#finalBytes ??= this.#bytesOf(scanner)
    return this.#finalBytes
  }

  /**
   * How many bytes of a finished segment are valid. Its successor says so; without a successor, all bytes that can be
   * read.
   */
  #bytesOf(scanner: SegmentScanner): number {
    const successor = readPreamble(this.#directory, scanner.segment + 1)
    return successor?.previousNumber === scanner.segment ? successor.previousBytes : scanner.fileBytes
  }

  /** Null when the segment is gone. Any other error may pass, and its entries must not be skipped. */
  #open(segment: number): SegmentScanner | null {
    if (this.#scanner?.segment === segment) return this.#scanner
    this.close()
    try {
      this.#scanner = new SegmentScanner(this.#directory, segment, offsetOf(this.#position))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
    return this.#scanner
  }

  #leave(segment: number): void {
    const scanner = this.#scanner
    if (scanner?.segment === segment) {
      const left = this.#bytesOf(scanner) - scanner.end
      // A torn tail is not part of the length that the successor gives. Unread bytes within that length are damage.
      const counted = readPreamble(this.#directory, segment + 1)?.previousNumber === segment
      if (counted && left > 0) this.#onDamage({ segment, offset: scanner.end, bytes: left })
    }
    this.close()
    this.#position = positionAt(segment + 1, preambleBytes)
  }
}

/** End of the journal according to its files: after the last byte of the last segment. 0 when there is no segment. */
export function endOfFiles(directory: string): JournalPosition {
  const last = segmentNumbers(directory).at(-1)
  if (last === undefined) return 0
  const scanner = new SegmentScanner(directory, last)
  try {
    return positionAt(last, Math.max(scanner.fileBytes, preambleBytes))
  } finally {
    scanner.close()
  }
}

/** Beginning of the first segment. 0 when there is none. */
export function startOfFiles(directory: string): JournalPosition {
  const first = segmentNumbers(directory)[0]
  return first === undefined ? 0 : positionAt(first, preambleBytes)
}
