import type { LedgerNames } from './names.ts'
import type { Closed, Opened, RecordBodies, RecordRow } from './record.ts'
import type { RecordsPage, RecordsQuery, SpentGroup, UsageQuery, UsageReport } from './reports.ts'

export type Direction = 'request' | 'response'

/**
 * The ledger as the data plane sees it. A promise resolves once the bytes are with the kernel (group commit; fsync as
 * configured), and rejects with `LedgerError` when they could not be written.
 */
export interface Journal {
  /** Before the backend is called. `requestBody`: the bytes that came, in order, never copied or encoded again. */
  open(opened: Opened, requestBody: readonly Uint8Array[]): Promise<void>
  /** More bytes of a long body, so that neither memory nor a crash loses them. Order per exchange and direction is kept. */
  progress(id: string, direction: Direction, bytes: readonly Uint8Array[]): Promise<void>
  /** The end. `responseBody`: what `progress` has not written yet. `requestBody` only for exchanges that were never opened. */
  close(closed: Closed, responseBody: readonly Uint8Array[], requestBody?: readonly Uint8Array[]): Promise<void>
  /** What `open` and `progress` have written of an exchange's body that is not closed yet, in order. */
  written(id: string, direction: Direction): Promise<readonly Buffer[]>
  /** False while the disk refuses writes: the data plane then answers as `ledger.whenUnwritable` says. */
  readonly writable: boolean
}

/**
 * Answers hold everything that was journalled before the question. A question that makes no sense (a limit beyond 1000, a cursor that no page
 * gave) or whose answer is too large (a report of more than 20,000 lines) rejects with a `QuestionError`.
 */
export interface LedgerReader {
  usage(query: UsageQuery): Promise<UsageReport>
  /** Newest first, keyset pages; never touches bodies. */
  list(query: RecordsQuery): Promise<RecordsPage>
  /** One record's figures, null when there is none. */
  row(id: string): Promise<RecordRow | null>
  bodies(id: string): Promise<RecordBodies | null>
  /** What calls that began within [fromMs, toMs) have used, copies included, refused calls left out. */
  spent(fromMs: number, toMs: number): Promise<readonly SpentGroup[]>
  /** Who created objects and where they live, each by the newest record that says so; those that none names are left out. */
  creatorsOf(
    objectIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly workload: string; readonly instance: string }>>
  health(): Promise<LedgerHealth>
}

/** A question that a reader cannot answer as it was asked. The message is fit for who asked. */
export class QuestionError extends RangeError {
  constructor(message: string) {
    super(message)
    this.name = 'QuestionError'
  }
}

/** How the ledger fares, for metrics and a health page. */
export interface LedgerHealth {
  readonly writable: boolean
  /** Entries that wait in memory for a disk that takes none. */
  readonly heldEntries: number
  /** Bytes of bodies and whole records that found no room there, since the start. */
  readonly lostBodyBytes: number
  readonly lostRecords: number
  /** Exchanges that are open now, as far as the store has read the journal. */
  readonly openExchanges: number
  /** Bytes of the journal that could not be read, since it began. */
  readonly damagedBytes: number
}

export interface Ledger extends LedgerReader {
  readonly journal: Journal
  /** Calls since then that began work in the background whose use no record has yet, oldest first. */
  owed(sinceMs: number): Promise<readonly RecordRow[]>
  /** Names of a changed configuration: from the next entry of the journal on, each has a number of its own in reports. */
  keepNames(names: LedgerNames): void
  /** Resolves when everything that was journalled before the call can be read. Readers call it themselves first. */
  caughtUp(): Promise<void>
  /** Flushes, loads what is left, and gives the directory back. Calls after it reject. */
  close(): Promise<void>
}

export type LedgerErrorCode =
  | 'ledger_in_use'
  | 'ledger_directory'
  | 'ledger_unwritable'
  | 'ledger_closed'
  | 'ledger_corrupt'
  | 'ledger_busy'

export class LedgerError extends Error {
  readonly code: LedgerErrorCode
  constructor(code: LedgerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LedgerError'
    this.code = code
  }
}
