/**
 * Feeds: consumers of the journal that hand exchanges on to somewhere else. A feed runs in a thread of its own, keeps
 * its cursor in a file, and gets every exchange in the order of their ends, at least once: after a crash, or when it
 * rejects, the newest ones come again. A power cut may take from the journal what a feed has taken already, unless
 * every write is synced (`fsync: batch`).
 */
import type { Log } from '../../log.ts'
import type { BodyPositions, JournalBodies } from '../journal/bodies.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { Closed, Opened, Outcome } from '../record.ts'

/** An exchange as the journal has it. */
export interface RecordedExchange {
  readonly id: string
  /**
   * Null when the beginning is not known: it was lost, to damage or with a deleted segment, or this is a second end.
   */
  readonly opened: Opened | null
  readonly closed: Closed
  /**
   * Name of the journal, and where it holds the end: a key under which the exchange is the same when it comes again.
   */
  readonly journal: string
  readonly closedAt: JournalPosition
  /** Where the journal holds the bodies. */
  readonly bodies: BodyPositions
  /**
   * Reads the bodies from the journal; null when they have been deleted meanwhile. Not read before it is called, so a
   * feed of figures costs no reading of bodies.
   * @throws LedgerError `ledger_corrupt` when they are not as they were written.
   */
  readBodies(): JournalBodies | null
}

export interface Feed {
  /**
   * Takes some exchanges, at least one. They count as taken when the promise resolves; when it rejects they are offered
   * again later.
   */
  take(exchanges: readonly RecordedExchange[]): Promise<void>
  /** Releases what the feed holds. Called once, after the last `take` has ended. */
  close?(): Promise<void>
}

/** What the runner gives to a feed. */
export interface FeedParts {
  readonly name: string
  readonly log: Log
  /** Leaves out an exchange that can never be taken: it is written beside the cursor with the reason, and counted. */
  setAside(exchange: RecordedExchange, reason: string): void
  /** Counts bytes that have arrived. */
  sent(bytes: number): void
}

/** What the module of a feed exports. */
export interface FeedModule {
  /** Called once, in the feed's thread. @param settings as `FeedSource` has them. */
  openFeed(settings: unknown, parts: FeedParts): Feed | Promise<Feed>
}

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
  /** Segments that retention deleted before the feed had read them, since the process started. */
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
