/**
 * Feeds: consumers of the journal that hand exchanges on to somewhere else. A feed runs in a thread of its own, keeps
 * its cursor in a file, and gets every exchange in the order of their ends, at least once: after a crash, or when it
 * rejects, the newest ones come again. A power cut may take from the journal what a feed has taken already, unless
 * every write is synced (`fsync: batch`).
 */
import type { Log } from '../../log.ts'
import type { Direction } from '../index.ts'
import type { BodyPositions, JournalBodies } from '../journal/bodies.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { Closed, Opened } from '../record.ts'

export type * from './control.ts'

/** An exchange as the journal has it, whole: one whose beginning is not known is set aside, and no feed gets it. */
export interface RecordedExchange {
  readonly id: string
  readonly opened: Opened
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
   * @param bytesMax most bytes of both bodies together; default: no bound.
   * @throws LedgerError `ledger_corrupt` when they are not as they were written; BodiesTooLongError.
   */
  readBodies(bytesMax?: number): JournalBodies | null
  /**
   * Reads one body piece by piece, for bodies that are too long for the memory.
   * @throws LedgerError `ledger_corrupt`; the system's error, with the code ENOENT when it has been deleted meanwhile.
   */
  bodyPieces(direction: Direction): Iterable<Uint8Array>
}

/** What is written of an exchange that is set aside. */
export type PlaceOfExchange = Pick<RecordedExchange, 'id' | 'journal' | 'closedAt'>

export interface Feed {
  /**
   * Takes some exchanges, at least one. They count as taken when the promise resolves; when it rejects they are offered
   * again later: with `RetryLaterError`, not before the time that it names.
   */
  take(exchanges: readonly RecordedExchange[]): Promise<void>
  /** False for an exchange that the feed leaves out, by settings of its own. Default: it wants all. */
  wants?(exchange: RecordedExchange): boolean
  /** Releases what the feed holds. Called once, after the last `take` has ended. */
  close?(): Promise<void>
}

/** What the runner gives to a feed. */
export interface FeedParts {
  readonly name: string
  readonly log: Log
  /** Directory beside the cursor for unfinished files. The feed makes and removes it; its parent may be missing too. */
  readonly temporary: string
  /** Leaves out an exchange that can never be taken: it is written beside the cursor with the reason, and counted. */
  setAside(exchange: RecordedExchange, reason: string): void
  /** Counts bytes that have arrived. */
  sent(bytes: number): void
  /** Pauses the feed until an operator resumes it. `take` must reject then, with the reason that reports show. */
  pause(): void
}

/** What the module of a feed exports. */
export interface FeedModule {
  /** Called once, in the feed's thread. @param settings as `FeedSource` has them. */
  openFeed(settings: unknown, parts: FeedParts): Feed | Promise<Feed>
}
