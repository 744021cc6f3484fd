import type { Log } from '../../log.ts'
import { ExchangeReader } from '../journal/exchange-reader.ts'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import type { Opened } from '../record.ts'
import type { Scheduler } from '../scheduler.ts'
import { FeedConsumer } from './consumer.ts'
import type { Feed } from './index.ts'

export interface FeedRunnerOptions {
  readonly name: string
  /** Directory of the segments, and that of the cursor files. */
  readonly journal: string
  readonly cursors: string
  /** Position before which everything is with the kernel. */
  readonly written: () => JournalPosition
  /** Milliseconds between two looks at it. */
  readonly everyMs: number
  readonly scheduler: Scheduler
  /** Called when the cursor has moved, and once at the start: the journal is needed from this position on. */
  readonly needs: (from: JournalPosition) => void
  readonly log: Log
}

/**
 * Runs one feed, in whatever thread: offers it what the journal holds, in turn and on a timer, and goes on after
 * failures.
 */
export class FeedRunner {
  readonly #options: FeedRunnerOptions
  readonly #consumer: FeedConsumer
  readonly #exchanges: ExchangeReader<Opened>
  readonly #stopTimer: () => void
  #turn: Promise<void> = Promise.resolve()
  #isRunning = false
  #isFailing = false
  #isClosed = false

  /** @throws RangeError when the feed's name is not allowed. */
  constructor(feed: Feed, options: FeedRunnerOptions) {
    const { name, journal, cursors, log } = options
    this.#options = options
    this.#consumer = new FeedConsumer(feed, { directory: cursors, journal, consumer: name, log })
    this.#exchanges = new ExchangeReader(journal, this.#consumer, damage => {
      log.error({ consumer: name, ...damage }, 'the journal is damaged here; the consumer reads on after it')
    })
    const { missedTo } = this.#exchanges
    if (missedTo !== null) {
      const fromSegment = segmentOf(this.#consumer.position.takenTo)
      log.error(
        { consumer: name, fromSegment, toSegment: segmentOf(missedTo) },
        'segments of the journal were deleted before the consumer had read them; what they held is lost to it',
      )
    }
    options.needs(this.#consumer.position.readFrom)
    this.#stopTimer = options.scheduler(options.everyMs, () => this.#look())
  }

  /** Resolves when the feed has taken what was written before the call; rejects when it fails. */
  caughtUp(): Promise<void> {
    return this.#inTurn()
  }

  /** Waits for what the feed is taking, and offers it nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimer()
    await this.#turn
    this.#exchanges.close()
  }

  async #look(): Promise<void> {
    if (this.#isRunning || this.#isClosed) return
    await this.#inTurn().catch(() => {})
  }

  #inTurn(): Promise<void> {
    const result = this.#turn.then(() => this.#offer())
    this.#turn = result.catch(() => {})
    return result
  }

  async #offer(): Promise<void> {
    if (this.#isClosed) return
    const { name, written, needs, log } = this.#options
    this.#isRunning = true
    try {
      this.#exchanges.limit = written()
      await this.#consumer.take(this.#exchanges)
      if (this.#isFailing) log.info({ consumer: name }, 'the consumer takes exchanges again')
      this.#isFailing = false
    } catch (error) {
      // Logged once per outage, because it is tried again every second.
      if (!this.#isFailing)
        log.error(
          { consumer: name, cause: String(error) },
          'the consumer failed; it is offered the same exchanges again',
        )
      this.#isFailing = true
      throw error
    } finally {
      this.#isRunning = false
      needs(this.#consumer.position.readFrom)
    }
  }
}
