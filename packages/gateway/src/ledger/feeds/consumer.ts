import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { type Consumer, type Exchanges, type JournalCursor, journalName } from '../journal/consumer.ts'
import { CursorFile, type CursorFileOptions } from '../journal/cursor-file.ts'
import { at } from '../journal/frame.ts'
import { readClosed, readOpened } from '../journal/halves.ts'
import { readId } from '../journal/ids.ts'
import { KnownBlocks } from '../journal/known-blocks.ts'
import { type BlockView, namesOf } from '../journal/metadata.ts'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import type { SegmentScanner } from '../journal/scanner.ts'
import type { Closed, Opened } from '../record.ts'
import type { Feed, FeedBatch, FeedSelection, PlaceOfExchange, RecordedExchange } from './index.ts'
import { JournalExchange } from './journal-exchange.ts'

export interface FeedConsumerOptions extends CursorFileOptions {
  readonly selection: FeedSelection
  readonly batch: FeedBatch
  readonly clock: Clock
  /** Called after the feed has taken a batch. */
  readonly onTaken: (records: number) => void
  /** Writes down that the feed does not get an exchange. */
  readonly setAside: (exchange: PlaceOfExchange, reason: string) => void
  /** Puts what was written down on the disk. Called before the cursor moves. */
  readonly syncAside: () => Promise<void>
}

const beginningUnknown = 'its beginning is not in the journal any more, or it was ended before'

/** Bytes that the figures of a record count for in a batch. */
const figureBytes = 1_024
/** Exchanges that are read, taken or not, before the thread does something else. */
const readMax = 10_000

/** The journal's consumer for a feed: decodes exchanges, gathers batches, and keeps the cursor in a file. */
export class FeedConsumer implements Consumer<Opened> {
  readonly name: string
  readonly #feed: Feed
  readonly #options: FeedConsumerOptions
  readonly #cursor: CursorFile
  /** What the feed has not taken yet. Offered again after a failure. */
  #gathered: RecordedExchange[] = []
  /** What the feed has taken and the file does not have yet. Saved before anything else is offered. */
  #unsaved: JournalCursor | null = null
  #gatheredBytes = 0
  #firstGatheredAtMs = 0
  /** When the last reading began that came to the end of the journal; null where the next one must not wait. */
  #readAllAtMs: number | null = null
  readonly #names = new KnownBlocks<readonly (string | null)[]>()
  readonly #namesOf = (source: Buffer, view: DataView, block: BlockView) =>
    this.#names.get(source, view, block, namesOf)
  #readToMs: number | null = null
  /**
   * Exchanges whose beginning is not known. The ledger may have the whole record, so the feed must not ship what the
   * journal still has of it. Set aside before the cursor moves past them.
   */
  #beginningUnknown: PlaceOfExchange[] = []
  /** Exchanges that ended before the time are skipped up to the position: a rewind starts at a whole segment. */
  #skip: { readonly beforeMs: number; readonly to: JournalPosition } | null = null

  constructor(feed: Feed, options: FeedConsumerOptions) {
    this.name = options.consumer
    this.#feed = feed
    this.#options = options
    this.#cursor = new CursorFile(options)
  }

  get position(): JournalCursor {
    return this.#cursor.position
  }

  /** What the feed has taken, also where the file does not have it yet. */
  get takenTo(): JournalPosition {
    return (this.#unsaved ?? this.position).takenTo
  }

  /** When the last exchange ended that was read; null before the first. What follows ended about then or later. */
  get readToMs(): number | null {
    return this.#readToMs
  }

  get gathered(): readonly RecordedExchange[] {
    return this.#gathered
  }

  readOpening(entry: SegmentScanner, block: BlockView): Opened {
    return readOpened(entry.window, entry.view, block, idOf(entry), entry.flags, this.#namesOf)
  }

  /**
   * @param isLast true to give the feed what has been gathered, even if no bound of a batch is reached.
   * @param goesOn called after each batch, and after many exchanges without one; false to take no further ones.
   */
  async take(exchanges: Exchanges<Opened>, isLast = false, goesOn = (): boolean => true): Promise<void> {
    if (this.#unsaved !== null) await this.#save(this.#unsaved)
    if (!isLast && this.#waitsUnread()) return
    const beganAtMs = this.#options.clock()
    for (;;) {
      const isMore = this.#gather(exchanges)
      this.#setAside()
      if (!isMore) this.#readAllAtMs = beganAtMs
      const isDue = this.#isDue(isLast || (this.#options.batch.waitsUnread === true && !isMore))
      if (isDue) await this.#hand(exchanges)
      else if (this.#hasPassedSegment(exchanges)) await this.#save(this.#cursorOf(exchanges))
      if (!isDue && !isMore) return
      if (!isDue) await nextTurn()
      if (!goesOn()) return
    }
  }

  /** Without new exchanges the cursor moves from segment to segment, so that it does not keep what can be deleted. */
  #hasPassedSegment({ position }: Exchanges<Opened>): boolean {
    return this.#gathered.length === 0 && segmentOf(position) > segmentOf(this.position.takenTo)
  }

  /** Goes back to a cursor. The caller reads the journal again from there. */
  async rewind(cursor: JournalCursor, toMs: number): Promise<void> {
    const to = Math.max(this.takenTo, this.#skip?.to ?? 0)
    await this.#save(cursor)
    this.#skip = { beforeMs: toMs, to }
    this.#readToMs = toMs
    this.#readAllAtMs = null
    this.#forget()
  }

  /** @throws the system's error; what was not written down then is tried again. */
  #setAside(): void {
    for (;;) {
      const [exchange] = this.#beginningUnknown
      if (exchange === undefined) return
      this.#options.setAside(exchange, beginningUnknown)
      this.#beginningUnknown.shift()
    }
  }

  #forget(): void {
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#beginningUnknown = []
  }

  /** False when the journal has nothing more now. */
  #gather(exchanges: Exchanges<Opened>): boolean {
    for (let read = 0; read < readMax && !this.#isFull; read += 1) {
      if (!exchanges.next()) return false
      const { opening } = exchanges.exchange
      if (opening === null) {
        this.#gatherUnknown(exchanges)
        continue
      }
      const exchange = this.#decode(exchanges, opening)
      this.#readToMs = exchange.closed.endedAtMs
      if (!this.#isSelected(exchange.closed, exchange.closedAt) || !this.#isOfWorkload(opening)) continue
      if (this.#feed.wants?.(exchange) === false) continue
      if (this.#gathered.length === 0) this.#firstGatheredAtMs = this.#options.clock()
      this.#gathered.push(exchange)
      this.#gatheredBytes += figureBytes + exchange.closed.requestBytes + exchange.closed.responseBytes
    }
    return true
  }

  /** True while what may be in the journal has to wait for more of it. */
  #waitsUnread(): boolean {
    const { waitsUnread = false, everyMs } = this.#options.batch
    if (!waitsUnread || this.#gathered.length > 0 || this.#readAllAtMs === null) return false
    const age = this.#options.clock() - this.#readAllAtMs
    // A clock that was set back must not stop the feed.
    return age >= 0 && age < everyMs
  }

  get #isFull(): boolean {
    const { records, bytes } = this.#options.batch
    return this.#gathered.length >= records || this.#gatheredBytes >= bytes
  }

  #isDue(isLast: boolean): boolean {
    if (this.#gathered.length === 0) return false
    const age = this.#options.clock() - this.#firstGatheredAtMs
    // A clock that was set back must not stop the feed.
    return isLast || this.#isFull || age < 0 || age >= this.#options.batch.everyMs
  }

  /** Its workload is not known either, so it may be one of those that are selected. */
  #gatherUnknown({ entry, block, closedAt }: Exchanges<Opened>): void {
    const id = idOf(entry)
    if (!this.#isSelected(readClosed(entry.window, entry.view, block, id), closedAt)) return
    this.#beginningUnknown.push({ id, journal: journalName(this.#options.journal), closedAt })
  }

  #isSelected(closed: Closed, closedAt: JournalPosition): boolean {
    const { outcomes } = this.#options.selection
    if (this.#skip !== null) {
      if (closedAt >= this.#skip.to) this.#skip = null
      else if (closed.endedAtMs < this.#skip.beforeMs) return false
    }
    return outcomes === null || outcomes.includes(closed.outcome)
  }

  #isOfWorkload({ workload }: Opened): boolean {
    const { workloads } = this.#options.selection
    return workloads === null || (workload !== null && workloads.includes(workload))
  }

  async #hand(exchanges: Exchanges<Opened>): Promise<void> {
    const cursor = this.#cursorOf(exchanges)
    await this.#feed.take(this.#gathered)
    const { length } = this.#gathered
    this.#forget()
    this.#unsaved = cursor
    this.#options.onTaken(length)
    await this.#save(cursor)
  }

  /**
   * @throws the system's error, with the cursor that is tried again. The feed must not get the batch a second time for
   *   each time that the disk refuses.
   */
  async #save(cursor: JournalCursor): Promise<void> {
    try {
      await this.#options.syncAside()
      await this.#cursor.save(cursor)
      this.#unsaved = null
    } catch (cause) {
      throw new Error(`Its cursor cannot be saved: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  }

  #cursorOf({ position, readFrom }: Exchanges<Opened>): JournalCursor {
    return { journal: journalName(this.#options.journal), takenTo: position, readFrom }
  }

  #decode({ entry, block, exchange, closedAt }: Exchanges<Opened>, opened: Opened): RecordedExchange {
    const closed = readClosed(entry.window, entry.view, block, opened.id, this.#namesOf)
    const bodies = { openedAt: exchange.openedAt, parts: exchange.parts ?? noParts, closedAt }
    return new JournalExchange(this.#options.journal, opened, closed, bodies)
  }
}

const noParts: readonly number[] = []
const idOf = (entry: SegmentScanner): string => readId(entry.window, entry.headAt + at.id)
