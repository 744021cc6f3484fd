import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { ExchangeReader } from '../journal/exchange-reader.ts'
import { type JournalPosition, offsetOf, segmentOf } from '../journal/position.ts'
import type { Opened } from '../record.ts'
import type { Scheduler } from '../scheduler.ts'
import { AsideFile } from './aside.ts'
import { FeedConsumer } from './consumer.ts'
import type { Feed, FeedBatch, FeedParts, FeedProgress, FeedSelection, PlaceOfExchange } from './index.ts'
import { Lag } from './lag.ts'
import { RetryLaterError } from './retry-later.ts'
import { rewindCursor } from './rewind.ts'

export interface FeedRunnerOptions {
  readonly name: string
  /** Directory of the segments, and that of the cursor files. */
  readonly journal: string
  readonly cursors: string
  /** Position before which everything is with the kernel. */
  readonly written: () => JournalPosition
  /** Milliseconds between two looks at it, and before the first retry. */
  readonly everyMs: number
  readonly scheduler: Scheduler
  /** Called when the cursor has moved, and once at the start: the journal is needed from this position on. */
  readonly needs: (from: JournalPosition) => void
  readonly log: Log
  readonly selection?: FeedSelection
  readonly batch?: FeedBatch
  readonly clock?: Clock
  /** 0..1, 1 excluded: jitter of the pauses between retries. */
  readonly random?: () => number
  /** Called when the feed starts to fail, and when it works again. */
  readonly onTrouble?: (isFailing: boolean) => void
}

/** Longest pause between two retries, in milliseconds, before jitter. */
const pauseMsMax = 60_000
/** Longest pause that the other side can ask for, in milliseconds. */
const askedMsMax = 3_600_000
/** After this time a feed that closes begins no further batch. Less than what its thread is given for closing. */
const closeMsMax = 3_000

/**
 * Runs one feed, in whatever thread: offers it what the journal holds, in turn and on a timer, and goes on after
 * failures.
 */
export class FeedRunner {
  readonly #options: FeedRunnerOptions
  readonly #consumer: FeedConsumer
  readonly #feed: Feed
  readonly #aside: AsideFile
  readonly #lag: Lag
  readonly #pausedPath: string
  readonly #clock: Clock
  #exchanges: ExchangeReader<Opened>
  readonly #stopTimer: () => void
  #turn: Promise<void> = Promise.resolve()
  #isRunning = false
  #isClosed = false
  #isPaused: boolean
  /** Rewinds that wait for their turn. */
  #rewinds = 0
  /** When a feed that closes stops to take exchanges; null while it does not close. */
  #takesUntilMs: number | null = null
  /** Failures in a row. */
  #failures = 0
  #notBeforeMs = 0
  #pauseMs = 0
  #sent = 0
  #sentBytes = 0
  #retried = 0
  #lastSentAtMs: number | null = null
  #lastError: string | null = null
  #lastErrorAtMs: number | null = null

  /**
   * @param feed opened with the `feedParts` of this runner.
   * @throws RangeError when the feed's name is not allowed.
   */
  constructor(feed: Feed, options: FeedRunnerOptions) {
    const { name, journal, cursors, log, clock = systemClock } = options
    this.#options = options
    this.#feed = feed
    this.#clock = clock
    this.#pausedPath = join(cursors, `${name}.paused`)
    this.#consumer = new FeedConsumer(feed, {
      directory: cursors,
      journal,
      consumer: name,
      log,
      clock,
      selection: options.selection ?? { workloads: null, outcomes: null },
      batch: options.batch ?? { records: 256, bytes: Number.POSITIVE_INFINITY, everyMs: 0 },
      onTaken: records => {
        this.#sent += records
        this.#lag.took(records)
        this.#lastSentAtMs = clock()
      },
      setAside: (exchange, reason) => this.setAside(exchange, reason),
      syncAside: () => this.#aside.sync(),
    })
    this.#aside = new AsideFile(cursors, name)
    this.#isPaused = existsSync(this.#pausedPath)
    this.#exchanges = this.#read()
    const { missedTo } = this.#exchanges
    if (missedTo !== null) {
      const fromSegment = segmentOf(this.#consumer.position.takenTo)
      log.error({ consumer: name, fromSegment, toSegment: segmentOf(missedTo) }, 'feed_records_lost')
    }
    this.#lag = new Lag(journal, clock, this.#exchanges.position)
    options.needs(this.#consumer.position.readFrom)
    this.#stopTimer = options.scheduler(options.everyMs, () => this.#look())
  }

  /** What a feed reports while it takes exchanges. */
  setAside({ id, journal, closedAt }: PlaceOfExchange, reason: string): void {
    const place = { id, journal, segment: segmentOf(closedAt), offset: offsetOf(closedAt) }
    this.#aside.add(place, reason, this.#clock())
    const { name, log } = this.#options
    log.warn({ consumer: name, id, reason }, 'feed_record_set_aside')
  }

  countSent(bytes: number): void {
    this.#sentBytes += bytes
  }

  /**
   * Resolves when the feed has taken what was written before the call, or when it is paused, rewound or closed
   * meanwhile; rejects when it fails.
   */
  caughtUp(): Promise<void> {
    return this.#inTurn(() => this.#offer(true))
  }

  /** Gives the feed what has been gathered, and more for a few seconds; then it waits and offers nothing more. */
  async close(): Promise<void> {
    this.#stopTimer()
    this.#takesUntilMs = this.#clock() + closeMsMax
    // What a failing feed has not taken comes at the next start.
    if (this.#failures === 0 && !this.#isPaused) await this.caughtUp().catch(() => {})
    this.#isClosed = true
    await this.#turn
    this.#exchanges.close()
    await this.#feed.close?.()
  }

  /** The feed takes no batch after the one that it is taking. */
  pause(): void {
    mkdirSync(this.#options.cursors, { recursive: true, mode: 0o700 })
    writeFileSync(this.#pausedPath, '', { mode: 0o600 })
    this.#isPaused = true
  }

  /** Also ends the pause after a failure. */
  resume(): void {
    rmSync(this.#pausedPath, { force: true })
    this.#isPaused = false
    this.#notBeforeMs = 0
  }

  /**
   * Reads again from where exchanges ended at this time; does nothing when the feed has not come so far. Waits for the
   * batch that the feed is taking.
   */
  rewind(toMs: number): Promise<void> {
    this.#rewinds += 1
    return this.#inTurn(async () => {
      this.#rewinds -= 1
      const { journal, name, log, needs } = this.#options
      const cursor = rewindCursor(journal, toMs)
      if (cursor.takenTo >= this.#consumer.takenTo) return
      await this.#consumer.rewind(cursor, toMs)
      this.#exchanges.close()
      this.#exchanges = this.#read()
      this.#lag.jumped(this.#exchanges.position)
      needs(this.#consumer.position.readFrom)
      log.info({ consumer: name, to: new Date(toMs).toISOString() }, 'feed_rewound')
    })
  }

  progress(): FeedProgress {
    const { gathered, readToMs } = this.#consumer
    this.#lag.readTo(this.#exchanges.position)
    return {
      isPaused: this.#isPaused,
      ...this.#lag.behind(this.#options.written(), gathered, readToMs),
      sent: this.#sent,
      sentBytes: this.#sentBytes,
      retried: this.#retried,
      setAside: this.#aside.count,
      lastSentAtMs: this.#lastSentAtMs,
      lastError: this.#lastError,
      lastErrorAtMs: this.#lastErrorAtMs,
    }
  }

  #read(): ExchangeReader<Opened> {
    const { name, journal, log } = this.#options
    return new ExchangeReader(journal, this.#consumer, damage => {
      log.error({ consumer: name, ...damage }, 'journal_damaged')
    })
  }

  async #look(): Promise<void> {
    const pauseMs = this.#notBeforeMs - this.#clock()
    // A longer pause than the one that began means that the clock was set back: it must not stop the feed.
    const isWaiting = pauseMs > 0 && pauseMs <= this.#pauseMs
    if (this.#isRunning || this.#isClosed || this.#isPaused || isWaiting) return
    await this.#inTurn(() => this.#offer(false)).catch(() => {})
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #offer(isLast: boolean): Promise<void> {
    if (this.#isClosed || this.#isPaused) return
    this.#isRunning = true
    try {
      const nowMs = this.#clock()
      this.#exchanges.limit = this.#options.written()
      await this.#consumer.take(this.#exchanges, isLast, () => this.#goesOn())
      if (!this.#exchanges.isBehind) this.#lag.readAll(nowMs)
      this.#worked()
    } catch (error) {
      this.#failed(error)
      throw error
    } finally {
      this.#reportPosition()
      this.#isRunning = false
    }
  }

  /** Between two batches: a feed that has much to catch up must obey, and must not keep what it has read. */
  #goesOn(): boolean {
    this.#worked()
    this.#reportPosition()
    if (this.#isPaused || this.#rewinds > 0) return false
    return this.#takesUntilMs === null || this.#clock() < this.#takesUntilMs
  }

  #reportPosition(): void {
    this.#lag.readTo(this.#exchanges.position)
    this.#options.needs(this.#consumer.position.readFrom)
  }

  #worked(): void {
    if (this.#failures === 0) return
    const { name, log, onTrouble } = this.#options
    this.#failures = 0
    log.info({ consumer: name }, 'feed_back')
    onTrouble?.(false)
  }

  #failed(error: unknown): void {
    const { name, log, everyMs, random = Math.random, onTrouble } = this.#options
    // Logged once per outage, because it is tried again and again.
    if (this.#failures === 0) {
      log.error({ consumer: name, cause: String(error) }, 'feed_failed')
      onTrouble?.(true)
    }
    this.#retried += this.#consumer.gathered.length
    this.#lastError = error instanceof Error ? error.message : String(error)
    this.#lastErrorAtMs = this.#clock()
    const pauseMs = Math.min(pauseMsMax, everyMs * 2 ** Math.min(this.#failures, 20))
    this.#failures += 1
    // Half of the pause is random: feeds of many replicas must not come back at the same moment.
    const askedMs = error instanceof RetryLaterError ? Math.min(askedMsMax, error.afterMs) : 0
    this.#pauseMs = Math.max(askedMs, pauseMs * (0.5 + random() / 2))
    this.#notBeforeMs = this.#lastErrorAtMs + this.#pauseMs
  }
}

/** What a runner gives to its feed. The feed is made before the runner, so the runner is looked up at each call. */
export function feedParts(
  { name, log, cursors }: Pick<FeedRunnerOptions, 'name' | 'log' | 'cursors'>,
  runner: () => FeedRunner | null,
): FeedParts {
  return {
    name,
    log,
    temporary: join(cursors, `${name}.tmp`),
    setAside: (exchange, reason) => runner()?.setAside(exchange, reason),
    sent: bytes => runner()?.countSent(bytes),
    pause: () => runner()?.pause(),
  }
}
