import type { Clock } from '../../clock.ts'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import { readPreamble } from '../journal/segments.ts'
import type { FeedProgress, RecordedExchange } from './index.ts'
import { bytesBetween } from './rewind.ts'

/** Bytes of the journal that a record is taken to have until some were read. */
const recordBytesAssumed = 2_048

/** Measures how far a feed is behind, from where it reads in the journal. */
export class Lag {
  readonly #journal: string
  readonly #clock: Clock
  #position: JournalPosition
  /** Bytes that were read since the last jump, and records taken out of them. */
  #bytes = 0
  #records = 0
  /** When nothing was left unread the last time: what is unread now ended later. */
  #readAllAtMs = 0

  /** @param position where the feed begins to read. */
  constructor(journal: string, clock: Clock, position: JournalPosition) {
    this.#journal = journal
    this.#clock = clock
    this.#position = position
  }

  jumped(position: JournalPosition): void {
    this.#position = position
    this.#bytes = 0
    this.#records = 0
    this.#readAllAtMs = 0
  }

  readTo(position: JournalPosition): void {
    this.#bytes += bytesBetween(this.#journal, this.#position, position)
    this.#position = position
  }

  took(records: number): void {
    this.#records += records
  }

  readAll(atMs: number): void {
    this.#readAllAtMs = atMs
  }

  /**
   * @param written end of the journal. @param gathered what was read and not taken. @param readToMs when the last
   *   exchange ended that was read; null before the first.
   */
  behind(
    written: JournalPosition,
    gathered: readonly RecordedExchange[],
    readToMs: number | null,
  ): Pick<FeedProgress, 'lagRecords' | 'lagSeconds' | 'lagBytes'> {
    const lagBytes = bytesBetween(this.#journal, this.#position, written)
    const seen = this.#records + gathered.length
    const bytesPerRecord = seen === 0 || this.#bytes === 0 ? recordBytesAssumed : this.#bytes / seen
    const lagRecords = gathered.length + Math.ceil(lagBytes / bytesPerRecord)
    const nowMs = this.#clock()
    // What is unread ended after the beginning of its segment, after what was read, and after the last time that
    // nothing was unread.
    const segmentBeganAtMs = readPreamble(this.#journal, segmentOf(this.#position))?.createdAtMs ?? 0
    const unreadSinceMs = Math.max(readToMs ?? 0, this.#readAllAtMs, segmentBeganAtMs)
    const oldestMs = gathered[0]?.closed.endedAtMs ?? (unreadSinceMs === 0 ? nowMs : unreadSinceMs)
    return { lagRecords, lagBytes, lagSeconds: lagRecords === 0 ? 0 : Math.max(0, (nowMs - oldestMs) / 1_000) }
  }
}
