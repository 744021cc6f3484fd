import { mkdirSync, renameSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Log } from '../../log.ts'
import { journalPath } from '../directory.ts'
import { type Direction, LedgerError } from '../index.ts'
import { syncDirectory } from '../journal/files.ts'
import { endOfFiles } from '../journal/follower.ts'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import type { LedgerNames } from '../names.ts'
import type { CallersPage, CallersQuery, ErrorLine } from '../people.ts'
import type { ErasePlan, HoldFilter } from '../privacy/index.ts'
import type { SnapshotFiles } from '../query/messages.ts'
import type { KeptBodies, RecordBodies, RecordRow } from '../record.ts'
import type {
  FollowedPage,
  RecordFilter,
  RecordsPage,
  RecordsQuery,
  SpentGroup,
  UsageQuery,
  UsageReport,
} from '../reports.ts'
import type { SearchQuery } from '../search/index.ts'
import type { BodyPlaces } from '../search/places.ts'
import type { Series, SeriesQuery } from '../series.ts'
import { archiveDay, archivePath, daysToArchive, removeFiles, unknownFiles } from './archives.ts'
import { writeCompacted } from './compact.ts'
import { type Database, databasePath, openDatabase } from './database.ts'
import { StoreEraser } from './eraser.ts'
import { heldSegments, heldSql } from './held.ts'
import { Loader } from './loader.ts'
import { bodies, keptBodies, type WantedBodies } from './queries/bodies.ts'
import { bodyPlaces } from './queries/body-places.ts'
import { callers } from './queries/callers.ts'
import { type ConversationsPage, conversationsPage, type PageQuery } from './queries/conversations-page.ts'
import { creatorsOf } from './queries/creator.ts'
import { errors } from './queries/errors.ts'
import { known } from './queries/known.ts'
import { follow, list, row } from './queries/list.ts'
import { owed } from './queries/owed.ts'
import { series } from './queries/series.ts'
import { spent } from './queries/spent.ts'
import { usage } from './queries/usage.ts'
import { QuerySnapshots } from './query-snapshots.ts'
import { Readers, reportMsMax } from './readers.ts'
import { deleteRecords, deleteSegments, type Retained, type SegmentNeeds } from './retention.ts'
import { idsOf, openId, type Unfinished, unfinishedOf, writtenOf } from './unfinished.ts'

export interface StoreOptions {
  readonly directory: string
  readonly log: Log
  readonly names: LedgerNames
  /** Position up to which the journal is loaded when the store is opened; null for all that its files hold. */
  readonly loadTo: JournalPosition | null
}

export interface StoreStatus {
  readonly openExchanges: number
  /** Bytes of the journal that could not be read, counted over its whole life. */
  readonly damagedBytes: number
}

const dayMs = 86_400_000

/** Rows between two checkpoints: as many as a restart after a crash loads again in half a second. */
const checkpointRows = 60_000
const checkpointJournalBytes = 256 * 1024 * 1024

const checkpointPauseMs = 60_000
/** Reports and lists at a time. */
const reportsMax = 2
/** Longest time for a question that a start or a call waits for. Milliseconds. */
const urgentMsMax = 60_000

/**
 * The store: follows the journal and answers questions. It runs in a worker thread, where DuckDB's synchronous calls
 * delay no request.
 */
export class Store {
  #options: StoreOptions
  readonly #journal: string
  /** Directory of the archives. */
  readonly #archives: string
  readonly #snapshots: QuerySnapshots
  readonly #eraser: StoreEraser
  #database: Database
  #loader: Loader
  /** For reports and lists. */
  #readers: Readers
  /** For questions that a call or a start waits for: they must not queue after a report over a year. */
  #urgent: Readers
  /** Loading, checkpoints and retention, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #rowsSinceCheckpoint = 0
  #checkpointAt: JournalPosition
  /** After a failed checkpoint, the next one is tried at this time on the process's monotonic clock. */
  #checkpointFromMs = 0
  /** A restart would read from here, by the last checkpoint. Segments before it are needed only for their bodies. */
  #checkpointLow: JournalPosition

  private constructor(options: StoreOptions, database: Database, loader: Loader) {
    this.#options = options
    this.#journal = journalPath(options.directory)
    this.#archives = archivePath(options.directory)
    this.#database = database
    this.#loader = loader
    this.#readers = new Readers(database, reportsMax, reportMsMax)
    this.#urgent = new Readers(database, 1, urgentMsMax)
    this.#checkpointAt = loader.readTo
    this.#checkpointLow = 0
    this.#eraser = new StoreEraser({
      ...{ journal: this.#journal, archives: this.#archives },
      names: () => this.#loader.names,
      read: question => this.#readers.ask(question),
      inTurn: work => this.#inTurn(() => work(this.#database.loading)),
      checkpoint: () => this.#checkpoint(),
      rewriteFile: () => this.#rewriteFile(),
    })
    this.#snapshots = new QuerySnapshots(options.directory, {
      loadedTo: () => this.#loader.loaded.sequence,
      checkpoint: then => this.#inTurn(() => this.#checkpointThen(then)),
      read: question => this.#readers.ask(question),
    })
  }

  /** Opens the store and loads what the journal's files hold. */
  static async open(options: StoreOptions): Promise<Store> {
    mkdirSync(journalPath(options.directory), { recursive: true, mode: 0o700 })
    const database = await openDatabase(options)
    try {
      const store = new Store(options, database, await startLoader(options, database))
      const unknown = await unknownFiles(database.loading, store.#archives)
      if (unknown.length > 0) {
        options.log.warn({ files: unknown.length, first: unknown[0] }, 'archives_unknown')
      }
      store.#rowsSinceCheckpoint = await store.#loader.load(options.loadTo ?? endOfFiles(store.#journal))
      await store.#forgetEnded()
      return store
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** Exchanges that have their record, and of which the journal has lost the end to damage, must not end again. */
  async #forgetEnded(): Promise<void> {
    const ended = await known(this.#database.loading, this.openIds(), this.#archives)
    for (const id of ended) this.#loader.open.end(openId(id))
  }

  /** After the last valid entry of the files. */
  get position(): JournalPosition {
    return this.#loader.readTo
  }

  /**
   * Ids of the exchanges that are open now, oldest first. Right after a start these were left open by a dead process.
   */
  openIds(): string[] {
    return idsOf(this.#loader.open)
  }

  status(): StoreStatus {
    const { open, damagedBytes } = this.#loader
    return { openExchanges: open.size, damagedBytes }
  }

  /** Loads everything that ends at or before `limit`. */
  load(limit: JournalPosition): Promise<void> {
    return this.#inTurn(() => this.#load(limit))
  }

  /** Gives names of a changed configuration a number before anything more is loaded. */
  keepNames(names: LedgerNames): Promise<void> {
    this.#options = { ...this.#options, names }
    return this.#inTurn(() => this.#loader.keep(names))
  }

  usage(query: UsageQuery): Promise<UsageReport> {
    return this.#readers.ask(connection => usage(connection, this.#loader.names, query, this.#archives))
  }
  series(query: SeriesQuery): Promise<Series> {
    return this.#readers.ask(connection => series(connection, this.#loader.names, query, this.#archives))
  }
  callers(query: CallersQuery): Promise<CallersPage> {
    return this.#readers.ask(connection => callers(connection, this.#loader.names, query, this.#archives))
  }
  errors(filter: RecordFilter): Promise<readonly ErrorLine[]> {
    return this.#readers.ask(connection => errors(connection, this.#loader.names, filter, this.#archives))
  }
  list(query: RecordsQuery): Promise<RecordsPage> {
    return this.#readers.ask(connection =>
      list(connection, this.#loader.names, query, this.#loader.loaded, this.#archives),
    )
  }
  follow(after: string | null, limit: number): Promise<FollowedPage> {
    return this.#readers.ask(connection =>
      follow(connection, this.#loader.names, { after, limit, loadedTo: this.#loader.loaded.sequence }),
    )
  }
  row(id: string): Promise<RecordRow | null> {
    return this.#readers.ask(connection => row(connection, this.#loader.names, id, this.#archives))
  }
  spent(fromMs: number, toMs: number): Promise<readonly SpentGroup[]> {
    return this.#urgent.ask(connection => spent(connection, this.#loader.names, fromMs, toMs, this.#archives))
  }
  owed(sinceMs: number): Promise<readonly RecordRow[]> {
    return this.#urgent.ask(connection => owed(connection, this.#loader.names, sinceMs))
  }
  creatorsOf(objectIds: readonly string[]): ReturnType<typeof creatorsOf> {
    return this.#urgent.ask(connection => creatorsOf(connection, this.#loader.names, objectIds))
  }
  known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#urgent.ask(connection => known(connection, ids, this.#archives))
  }
  bodies(...wanted: WantedBodies): Promise<RecordBodies | null> {
    return this.#readers.ask(connection => bodies(connection, this.#journal, this.#loader.names, wanted))
  }
  keptBodies(...wanted: WantedBodies): Promise<KeptBodies | null> {
    return this.#readers.ask(connection => keptBodies(connection, this.#journal, this.#loader.names, wanted))
  }
  bodyPlaces(query: SearchQuery, holds: readonly HoldFilter[]): Promise<BodyPlaces> {
    return this.#readers.ask(connection => bodyPlaces(connection, this.#loader.names, query, holds, this.#archives))
  }

  /** @param holds as of `bodies`. */
  conversationsPage(query: PageQuery, holds: readonly HoldFilter[]): Promise<ConversationsPage> {
    const { names, loaded } = this.#loader
    return this.#readers.ask(connection =>
      conversationsPage(connection, names, query, loaded, heldSql(holds, names), this.#archives),
    )
  }

  /** A copy of the store for a question in SQL, with everything that is loaded. */
  querySnapshot(): Promise<SnapshotFiles> {
    return this.#snapshots.take()
  }
  /** Deletes a copy that is not used any more. @param snapshot its number */
  releaseSnapshot(snapshot: number): void {
    this.#snapshots.release(snapshot)
  }

  /** What the journal has of an open exchange; null when it is not open. */
  unfinished(id: string): Unfinished | null {
    return unfinishedOf(this.#journal, this.#loader.open, id)
  }

  /** Bytes of one direction that the journal has of an open exchange before `end`. */
  written(id: string, direction: Direction, end: JournalPosition): readonly Uint8Array[] {
    return writtenOf(this.#journal, this.#loader.open, { id, direction, end })
  }

  /**
   * Moves days before `archiveFromMs` into archives (null for none), deletes records that began before `recordsFromMs`,
   * and segments that nothing needs. Leaves what is on legal hold as it is.
   */
  async retain(
    recordsFromMs: number,
    archiveFromMs: number | null,
    needs: Omit<SegmentNeeds, 'store' | 'held'>,
    holds: readonly HoldFilter[],
  ): Promise<Retained> {
    const held = (): string => heldSql(holds, this.#loader.names)
    const records = await this.#inTurn(() =>
      deleteRecords(this.#database.loading, this.#archives, recordsFromMs, held()),
    )
    let archived = 0
    const days =
      archiveFromMs === null
        ? []
        : await this.#inTurn(() => daysToArchive(this.#database.loading, archiveFromMs, held()))
    // A day at a time, so that loading goes on in between.
    for (const day of days) {
      archived += await this.#inTurn(() => this.#archive(day))
    }
    return this.#inTurn(async () => {
      // Segments and files are deleted only after a checkpoint: until then, a restart after a crash would read them.
      await this.#checkpoint()
      if (records + archived > 0) this.#snapshots.forget()
      await removeFiles(this.#database.loading, this.#archives, Math.floor(recordsFromMs / dayMs))
      const segments = await heldSegments(this.#database.loading, held())
      const all = { ...needs, held: segments, store: this.#checkpointLow }
      return { records, archived, ...deleteSegments(this.#journal, all) }
    })
  }

  async #archive(day: number): Promise<number> {
    const moved = await archiveDay(this.#database.loading, this.#archives, day)
    await this.#checkpoint()
    this.#snapshots.forget()
    return moved
  }

  /** An erasure, step by step: `privacy/erasures.ts` has their order. */
  eraseFigures(...asked: Parameters<StoreEraser['figures']>): ReturnType<StoreEraser['figures']> {
    return this.#eraser.figures(...asked)
  }
  eraseBegin(plan: ErasePlan): ReturnType<StoreEraser['begin']> {
    return this.#eraser.begin(plan)
  }
  eraseSegment(...asked: Parameters<StoreEraser['segment']>): ReturnType<StoreEraser['segment']> {
    return this.#eraser.segment(...asked)
  }
  eraseShipped(...asked: Parameters<StoreEraser['shipped']>): ReturnType<StoreEraser['shipped']> {
    return this.#eraser.shipped(...asked)
  }
  eraseArchives(plan: ErasePlan): ReturnType<StoreEraser['archives']> {
    return this.#eraser.archives(plan)
  }
  eraseRows(...asked: Parameters<StoreEraser['rows']>): ReturnType<StoreEraser['rows']> {
    return this.#eraser.rows(...asked)
  }

  /** Writes everything and closes the file. Interrupts questions that run. */
  async close(): Promise<void> {
    this.#closeReaders()
    await this.#inTurn(async () => {
      try {
        await this.#checkpoint()
      } finally {
        this.#loader.close()
        this.#database.close()
        this.#snapshots.close()
      }
    })
  }

  /**
   * Interrupts all questions and closes the file, without a checkpoint: whoever opens the store next loads what it
   * lacks. @param answered resolves when no question is being answered any more.
   */
  async abandon(answered: Promise<unknown>): Promise<void> {
    this.#closeReaders()
    await answered
    await this.#inTurn(async () => {
      this.#loader.close()
      this.#database.close()
    })
  }

  #closeReaders(): void {
    this.#readers.close()
    this.#urgent.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #load(limit: JournalPosition): Promise<void> {
    try {
      this.#rowsSinceCheckpoint += await this.#loader.load(limit)
    } catch (error) {
      await this.#startAgain(error)
      this.#rowsSinceCheckpoint += await this.#loader.load(limit)
    }
    const bytes = this.#loader.readTo - this.#checkpointAt
    const segments = segmentOf(this.#loader.readTo) - segmentOf(this.#checkpointAt)
    const far = segments > 0 ? segments * 64 * 1024 * 1024 : bytes
    if (this.#rowsSinceCheckpoint < checkpointRows && far < checkpointJournalBytes) return
    if (performance.now() >= this.#checkpointFromMs) await this.#tryCheckpoint(limit)
  }

  /**
   * DuckDB stops using a file when a checkpoint fails, as on a full disk. It is then opened again in the state of the
   * last checkpoint.
   */
  async #tryCheckpoint(limit: JournalPosition): Promise<void> {
    try {
      await this.#checkpoint()
    } catch (error) {
      this.#checkpointFromMs = performance.now() + checkpointPauseMs
      await this.#startAgain(error)
      this.#rowsSinceCheckpoint = await this.#loader.load(limit)
    }
  }

  async #checkpointThen<T>(then: (loading: DuckDBConnection) => Promise<T>): Promise<T> {
    try {
      await this.#checkpoint()
    } catch (cause) {
      this.#checkpointFromMs = performance.now() + checkpointPauseMs
      await this.#startAgain(cause)
      const message = 'The store cannot be written right now, so no query can run. The log of the gateway says why.'
      throw new LedgerError('ledger_busy', message, { cause })
    }
    return then(this.#database.loading)
  }

  /** Goes back to the last committed state after a failure. When DuckDB has stopped using the file, opens it again. */
  async #startAgain(cause: unknown): Promise<void> {
    this.#options.log.warn({ cause: String(cause) }, 'store_unwritable')
    this.#snapshots.forget()
    this.#loader.close()
    try {
      await this.#database.loading.run('ROLLBACK').catch(() => {})
      this.#loader = await startLoader(this.#options, this.#database)
    } catch {
      this.#closeReaders()
      this.#database.close()
      this.#database = await openDatabase(this.#options)
      this.#readers = new Readers(this.#database, reportsMax, reportMsMax)
      this.#urgent = new Readers(this.#database, 1, urgentMsMax)
      this.#loader = await startLoader(this.#options, this.#database)
    }
  }

  /** Puts the store into a new file, which has nothing but what the tables have now. */
  async #rewriteFile(): Promise<DuckDBConnection> {
    await this.#snapshots.copied
    await this.#snapshots.forgetAll()
    const path = await writeCompacted(this.#database.loading, this.#options.directory)
    await Promise.all([this.#readers.pause(), this.#urgent.pause()])
    this.#loader.close()
    this.#database.close()
    try {
      renameSync(path, databasePath(this.#options.directory))
      await syncDirectory(this.#options.directory)
    } finally {
      this.#database = await openDatabase(this.#options)
      this.#readers.resume(this.#database)
      this.#urgent.resume(this.#database)
      this.#loader = await startLoader(this.#options, this.#database)
    }
    return this.#database.loading
  }

  async #checkpoint(): Promise<void> {
    await this.#snapshots.copied
    await this.#loader.commitCursor()
    await this.#loader.mergeRollups()
    const { takenTo, readFrom } = this.#loader.position
    await this.#database.checkpoint()
    this.#rowsSinceCheckpoint = 0
    this.#checkpointAt = takenTo
    this.#checkpointLow = readFrom
  }
}

function startLoader(options: StoreOptions, database: Database): Promise<Loader> {
  return Loader.start({
    connection: database.loading,
    journal: journalPath(options.directory),
    archives: archivePath(options.directory),
    names: options.names,
    onDamage: damage => options.log.error({ ...damage }, 'journal_damaged'),
  })
}
