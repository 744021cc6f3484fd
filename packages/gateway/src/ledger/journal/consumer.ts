/**
 * The port of the journal's readers. A consumer takes every exchange of a journal, in the order in which they ended, at
 * least once. The store is the first consumer; feeds are further ones (`feeds/consumer.ts`).
 */
import { basename } from 'node:path'
import type { BlockView } from './metadata.ts'
import type { OpenExchange } from './pairing.ts'
import type { JournalPosition } from './position.ts'
import type { SegmentScanner } from './scanner.ts'

/** How far one consumer has read one journal. */
export interface JournalCursor {
  /** Name of the journal (`journalName`): a position means nothing without it. */
  readonly journal: string
  /** Exchanges that ended before this position have been taken. */
  readonly takenTo: JournalPosition
  /**
   * Where a restart must begin to read, to know what was open at `takenTo`. Segments before it are no longer needed.
   */
  readonly readFrom: JournalPosition
}

/**
 * The exchanges of a journal that have ended since the consumer's position, in the order in which they ended. After
 * `next` returned true, the fields describe one of them until the following `next`.
 */
export interface Exchanges<Opening> {
  /**
   * Goes to the next exchange; false when there is none yet.
   * @throws LedgerError `ledger_directory` when a later version wrote the journal.
   */
  next(): boolean
  readonly exchange: OpenExchange<Opening>
  /** The entry that ended it, and its closing half in `block`. */
  readonly entry: SegmentScanner
  readonly block: BlockView
  /** Position of that entry. */
  readonly closedAt: JournalPosition
  /**
   * True when no beginning is known: either the beginning was lost, to damage or with a deleted segment, or the
   * exchange was closed before and this is a second end.
   */
  readonly isOrphan: boolean
  /**
   * The cursor that has everything up to here: what the consumer keeps once it has taken all exchanges that it was
   * given.
   */
  readonly position: JournalPosition
  readonly readFrom: JournalPosition
}

/**
 * @template Opening What the consumer keeps of an exchange's opening half until the exchange ends.
 */
export interface Consumer<Opening> {
  /** Unique among the consumers of a journal. */
  readonly name: string
  /**
   * What it has taken for good; reading resumes here after a restart. The consumer keeps it itself: in the same
   * transaction as its rows, as the store does, or in a file (`cursor-file.ts`).
   */
  readonly position: JournalCursor
  /** Reads the opening half out of an entry that holds it. `entry` and `block` are valid during the call only. */
  readOpening(entry: SegmentScanner, block: BlockView): Opening
  /** Takes all exchanges that there are. When it rejects, what it had not taken is offered again. */
  take(exchanges: Exchanges<Opening>): Promise<void>
}

/** Name of the journal in a directory. A process has one journal today; several workers would have one each. */
export function journalName(directory: string): string {
  return basename(directory)
}
