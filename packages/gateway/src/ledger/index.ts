import type { ConversationsQuery, ConversationsReading, Turn } from './conversations/index.ts'
import type { FeedSource, Feeds } from './feeds/control.ts'
import type { JournalPosition } from './journal/position.ts'
import type { LedgerNames } from './names.ts'
import type { CallersPage, CallersQuery, ErrorLine } from './people.ts'
import type { Erasures, LegalHolds } from './privacy/index.ts'
import type { LedgerQuery, QueryAnswer } from './query/index.ts'
import type { Closed, KeptBodies, Opened, RecordBodies, RecordRow } from './record.ts'
import type {
  FollowedPage,
  RecordFilter,
  RecordsPage,
  RecordsQuery,
  SpentGroup,
  UsageQuery,
  UsageReport,
} from './reports.ts'
import type { SearchPage, SearchQuery } from './search/index.ts'
import type { Series, SeriesQuery } from './series.ts'

export type Direction = 'request' | 'response'

/**
 * The ledger as the data plane sees it. A promise resolves once the bytes are with the kernel (group commit; fsync as
 * configured), and rejects with `LedgerError` when they could not be written.
 */
export interface Journal {
  /** Called before the backend. `requestBody`: the received bytes, in order, never copied or encoded again. */
  open(opened: Opened, requestBody: readonly Uint8Array[]): Promise<void>
  /**
   * Writes more bytes of a long body, so that they need no memory and survive a crash. Keeps the order per exchange and
   * direction.
   */
  progress(id: string, direction: Direction, bytes: readonly Uint8Array[]): Promise<void>
  /**
   * Writes the end.
   * @param responseBody bytes that `progress` has not written yet.
   * @param requestBody only for exchanges that were never opened.
   */
  close(closed: Closed, responseBody: readonly Uint8Array[], requestBody?: readonly Uint8Array[]): Promise<void>
  /** Reads back what `open` and `progress` have written of a body, in order. The exchange must not be closed yet. */
  written(id: string, direction: Direction): Promise<readonly Buffer[]>
  /** False while the disk refuses writes: the data plane then answers as `ledger.whenUnwritable` says. */
  readonly writable: boolean
}

/**
 * Answers include everything that was in the journal before the question. A question that makes no sense (a limit above
 * 1000, a cursor that no page returned) or whose answer is too large (a report of more than 20,000 lines) rejects with
 * a `QuestionError`.
 */
export interface LedgerReader {
  usage(query: UsageQuery): Promise<UsageReport>
  /** Figures over time. Equal to the usage of the same filter. */
  series(query: SeriesQuery): Promise<Series>
  /** Everybody who called, in keyset pages. Figures are equal to the usage of the same filter by caller. */
  callers(query: CallersQuery): Promise<CallersPage>
  /** How calls ended badly, and how often each: most calls first, at most 200 kinds. */
  errors(filter: RecordFilter): Promise<readonly ErrorLine[]>
  /** Newest first, keyset pages; never touches bodies. */
  list(query: RecordsQuery): Promise<RecordsPage>
  /**
   * The records that were loaded after a cursor, oldest first; does not wait for those that ended since the last load.
   * The page may have fewer records than the limit also where there are more. @param after null for none: the answer is
   * the cursor of now. @param limit 1..1000
   */
  follow(after: string | null, limit: number): Promise<FollowedPage>
  /**
   * Position of the journal before which everything can be read: whoever follows looks here whether there may be more,
   * which costs nothing. @throws LedgerError while the store is away
   */
  readonly loadedTo: JournalPosition
  /** One record's figures, null when there is none. */
  row(id: string): Promise<RecordRow | null>
  bodies(id: string): Promise<RecordBodies | null>
  /** Which bodies there are, without reading long ones; null when there is no such record. */
  keptBodies(id: string): Promise<KeptBodies | null>
  /**
   * Records with their conversations as lines of JSON, of any number. @param turn asks each question about a page.
   * Where it is resumed, records that were loaded after the first page of the first reading are in none.
   */
  conversations(query: ConversationsQuery, turn: Turn): Promise<ConversationsReading>
  /**
   * Looks for a text in the bodies of one workload's records, newest first, for a bounded time. Rejects with a
   * `QuestionError` for a workload that neither the configuration nor a record has, and with `ledger_busy` when it was
   * stopped by `signal` or needed too much memory.
   */
  search(query: SearchQuery, signal?: AbortSignal): Promise<SearchPage>
  /**
   * Answers a SELECT, in a process of its own on a copy of the store. Rejects with a `QueryFault`, and with
   * `ledger_busy` where it cannot be run. Stops when `signal` is aborted.
   */
  query(query: LedgerQuery, signal: AbortSignal): Promise<QueryAnswer>
  /** Usage of calls that began within [fromMs, toMs), with copies and without refused calls. */
  spent(fromMs: number, toMs: number): Promise<readonly SpentGroup[]>
  /** Owners of objects according to the newest record that names each; leaves out objects that no record names. */
  creatorsOf(
    objectIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly workload: string; readonly instance: string }>>
  /** Legal holds on records of this ledger. */
  readonly holds: LegalHolds
  /** Erasures of a person from this ledger. */
  readonly erasures: Erasures
  health(): Promise<LedgerHealth>
}

/** A question that cannot be answered in this form. The message can be shown to the user who asked. */
export class QuestionError extends RangeError {
  constructor(message: string) {
    super(message)
    this.name = 'QuestionError'
  }
}

/** Health of the ledger, for metrics and a health page. */
export interface LedgerHealth {
  readonly writable: boolean
  /** Entries that wait in memory because the disk rejects writes. */
  readonly heldEntries: number
  /** Bytes of bodies, and whole records, for which there was no room in memory. Counted since the start. */
  readonly lostBodyBytes: number
  readonly lostRecords: number
  /** Exchanges that are open now, as far as the store has read the journal. */
  readonly openExchanges: number
  /** Bytes of the journal that could not be read, counted over its whole life. */
  readonly damagedBytes: number
}

export interface Ledger extends LedgerReader {
  readonly journal: Journal
  /** Those of these ids of which there is a record. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Calls since then that began background work whose usage no record has yet, oldest first. */
  owed(sinceMs: number): Promise<readonly RecordRow[]>
  /**
   * Gives every name of a changed configuration a number of its own in reports, from the next entry of the journal on.
   */
  keepNames(names: LedgerNames): void
  readonly feeds: Feeds
  /** Runs these feeds from now on: added ones start, removed ones end, changed ones start again at their cursor. */
  useFeeds(sources: readonly FeedSource[]): void
  /**
   * Resolves when everything that was in the journal before the call can be read. Every reading method awaits it first.
   */
  caughtUp(): Promise<void>
  /** Flushes, loads what is left, and releases the directory. Calls after it reject. */
  close(): Promise<void>
}

export type LedgerErrorCode =
  | 'ledger_in_use'
  | 'ledger_directory'
  | 'ledger_unwritable'
  | 'ledger_closed'
  | 'ledger_corrupt'
  | 'ledger_busy'
  | 'ledger_without_store'

export class LedgerError extends Error {
  readonly code: LedgerErrorCode
  constructor(code: LedgerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LedgerError'
    this.code = code
  }
}
