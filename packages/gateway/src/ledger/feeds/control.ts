/** What the rest of the program knows of feeds: what runs, how far it is, and what operators may do. */
import type { Outcome } from '../values.ts'

/** Which exchanges a feed gets; null for all. */
export interface FeedSelection {
  readonly workloads: readonly string[] | null
  readonly outcomes: readonly Outcome[] | null
}

/** When a feed is given what has been gathered: at the first of these bounds. */
export interface FeedBatch {
  readonly records: number
  /** Bytes of bodies, and 1,024 for the figures of each record. */
  readonly bytes: number
  /** Milliseconds since the first record was gathered. */
  readonly everyMs: number
  /**
   * True where records wait for `everyMs` in the journal, unread, instead of in memory: what is read is handed over at
   * once. The collector of garbage has less to copy then, but one reading is longer. Default false.
   */
  readonly waitsUnread?: boolean
}

/** A feed that the ledger runs. */
export interface FeedSource {
  /**
   * 1 to 40 of `a-z`, `0-9` and `-`, unique among the feeds. The cursor is kept under it: with a new name, a feed
   * starts from the beginning.
   */
  readonly name: string
  /** Kind of the feed, for reports. */
  readonly kind: string
  /** Module that exports `openFeed`. */
  readonly module: URL
  /** Handed to `openFeed` as a copy (structured clone). */
  readonly settings: unknown
  /** Default: all exchanges. */
  readonly selection?: FeedSelection
  /** Default: 256 records, at once. */
  readonly batch?: FeedBatch
  /**
   * Milliseconds that a segment whose bodies are too old is kept for a feed that has not read it. Then it is deleted,
   * an error is logged, and the feed misses it. Default three days.
   */
  readonly behindMsMax?: number
}

/** What a feed has done since its thread started, and how far it is behind. */
export interface FeedProgress {
  readonly isPaused: boolean
  /** Records that the feed has not taken. Those that were not read yet are estimated from their bytes. */
  readonly lagRecords: number
  /** Age of the oldest of them, in seconds; 0 when there is none. */
  readonly lagSeconds: number
  /** Bytes of the journal that were not read yet. */
  readonly lagBytes: number
  readonly sent: number
  readonly sentBytes: number
  /** Records that were offered again after a failure, counted each time. */
  readonly retried: number
  /** Records that the feed can never take, counted over the life of the file that holds them. */
  readonly setAside: number
  readonly lastSentAtMs: number | null
  readonly lastError: string | null
  readonly lastErrorAtMs: number | null
}

export type FeedStatus = 'running' | 'paused' | 'failing' | 'stopped'

/** A feed as reports show it. */
export interface FeedState extends Omit<FeedProgress, 'isPaused'> {
  readonly name: string
  readonly kind: string
  /** `failing`: it is tried again, with growing pauses. `stopped`: its thread died and is started again. */
  readonly status: FeedStatus
  /** Segments that retention deleted before the feed had read them, since it runs with its present settings. */
  readonly droppedSegments: number
}

/** What an operator may do with a feed. Each returns null when there is no such feed. */
export interface Feeds {
  states(): Promise<readonly FeedState[]>
  /** Stays paused over restarts, until it is resumed. */
  pause(name: string): Promise<FeedState | null>
  resume(name: string): Promise<FeedState | null>
  /** Sends again what ended at this time or later. Does nothing when the feed has not come so far. */
  rewind(name: string, toMs: number): Promise<FeedState | null>
  /** Feeds that fail or have stopped now. */
  readonly troubled: number
}
