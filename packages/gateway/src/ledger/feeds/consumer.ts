import { readBodies } from '../journal/bodies.ts'
import { type Consumer, type Exchanges, type JournalCursor, journalName } from '../journal/consumer.ts'
import { CursorFile, type CursorFileOptions } from '../journal/cursor-file.ts'
import { at } from '../journal/frame.ts'
import { readClosed, readOpened } from '../journal/halves.ts'
import { readId } from '../journal/ids.ts'
import type { BlockView } from '../journal/metadata.ts'
import { segmentOf } from '../journal/position.ts'
import type { SegmentScanner } from '../journal/scanner.ts'
import type { Opened } from '../record.ts'
import type { Feed, RecordedExchange } from './index.ts'

/** Exchanges that a feed is given at a time. */
const batchMax = 256

interface Batch {
  readonly exchanges: readonly RecordedExchange[]
  /** The cursor once they are taken. */
  readonly cursor: JournalCursor
}

/** The journal's consumer for a feed: decodes exchanges, and keeps the cursor in a file. */
export class FeedConsumer implements Consumer<Opened> {
  readonly name: string
  readonly #feed: Feed
  readonly #journal: string
  readonly #cursor: CursorFile
  /** What the feed has not taken yet, or what is not in the cursor file yet: offered again first. */
  #pending: Batch | null = null

  constructor(feed: Feed, options: CursorFileOptions) {
    this.name = options.consumer
    this.#feed = feed
    this.#journal = options.journal
    this.#cursor = new CursorFile(options)
  }

  get position(): JournalCursor {
    return this.#cursor.position
  }

  readOpening(entry: SegmentScanner, block: BlockView): Opened {
    return readOpened(entry.window, entry.view, block, idOf(entry), entry.flags)
  }

  async take(exchanges: Exchanges<Opened>): Promise<void> {
    for (;;) {
      const batch = this.#pending ?? this.#gather(exchanges)
      this.#pending = batch
      if (batch.exchanges.length > 0) await this.#feed.take(batch.exchanges)
      // Without new exchanges the cursor moves from segment to segment, so that it does not hold back what can be
      // deleted.
      const advanced = segmentOf(batch.cursor.takenTo) > segmentOf(this.position.takenTo)
      if (batch.exchanges.length > 0 || advanced) await this.#cursor.save(batch.cursor)
      this.#pending = null
      if (batch.exchanges.length === 0) return
    }
  }

  #gather(exchanges: Exchanges<Opened>): Batch {
    const gathered: RecordedExchange[] = []
    while (gathered.length < batchMax && exchanges.next()) gathered.push(this.#decode(exchanges))
    const { position, readFrom } = exchanges
    return { exchanges: gathered, cursor: { journal: journalName(this.#journal), takenTo: position, readFrom } }
  }

  #decode({ entry, block, exchange, closedAt }: Exchanges<Opened>): RecordedExchange {
    const id = idOf(entry)
    const bodies = { openedAt: exchange.openedAt, parts: exchange.parts ?? [], closedAt }
    return {
      id,
      opened: exchange.opening,
      closed: readClosed(entry.window, entry.view, block, id),
      journal: journalName(this.#journal),
      closedAt,
      bodies,
      readBodies: () => readBodies(this.#journal, bodies, id),
    }
  }
}

const idOf = (entry: SegmentScanner): string => readId(entry.window, entry.headAt + at.id)
