import { join } from 'node:path'
import { type Clock, systemClock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { TokenCounter } from '../tokens/index.ts'
import { readConversations } from './conversations/read.ts'
import { DeletionHold, newestSegmentMs } from './deletion-hold.ts'
import { claimDirectory, journalPath, prepareDirectory } from './directory.ts'
import type { FeedSource, Feeds } from './feeds/index.ts'
import { RunningFeeds } from './feeds/running.ts'
import { type Ledger, LedgerError } from './index.ts'
import type { JournalPosition } from './journal/position.ts'
import { JournalWriter } from './journal/writer.ts'
import type { JournalWriterOptions } from './journal/writer-options.ts'
import { removeLeftovers } from './leftovers.ts'
import type { LedgerNames } from './names.ts'
import { OpenErasures } from './privacy/erasures.ts'
import { openHolds } from './privacy/holds.ts'
import type { LegalHold, LegalHolds } from './privacy/index.ts'
import type { QueryBodies } from './query/index.ts'
import type { TaskBodies } from './query/messages.ts'
import { runQuery } from './query/run.ts'
import { type CostOf, type RecoverParts, recover } from './recover.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'
import { SearchThread } from './search/thread.ts'
import { type StoreClient, startStore } from './store/client.ts'
import type { StoreKind } from './store/messages.ts'
import type { StoreStatus } from './store/store.ts'

export interface LedgerOptions {
  /** Created when it is missing. Only one process at a time can use it. */
  readonly directory: string
  /**
   * `batch`: a write resolves once it is on the disk. A number: milliseconds between two syncs; a power cut may lose
   * that much.
   */
  readonly fsync: 'batch' | number
  /**
   * `none`: the journal alone; questions about records and usage reject with `ledger_without_store`. Default `duckdb`.
   */
  readonly store?: StoreKind
  /**
   * How long figures and bodies are kept, and after which time days of figures move into archives; `never` is the
   * default. Milliseconds. Read at each look.
   */
  readonly retain: { readonly records: number; readonly bodies: number; readonly archiveAfter?: number | 'never' }
  /** Counts tokens of interrupted exchanges whose usage was not reported. */
  readonly counter: Pick<TokenCounter, 'count'>
  /** Model of a deployment, for counting; null when it is not known. Default: the model that the exchange names. */
  readonly modelOf?: (instance: string, deployment: string) => string | null
  /** Cost of the tokens of an interrupted exchange; null when no price is known, which is the default. */
  readonly costOf?: CostOf
  /**
   * Fewest completion tokens that an interrupted exchange is charged when its request names no maximum. Default 1,000.
   */
  readonly completionTokensAssumed?: number
  /** Names that always have a number in the store, however many others are recorded. Default: none. */
  readonly names?: LedgerNames
  readonly log: Log
  readonly clock?: Clock
  /** Milliseconds that go on at the pace of time, whatever the clock does. Default: those of the process. */
  readonly monotonic?: Clock
  readonly scheduler?: Scheduler
  /**
   * Further consumers of the journal, each in a thread of its own. Segments that a feed has not read yet are kept.
   * Default: none.
   */
  readonly feeds?: readonly FeedSource[]
  /**
   * True for records that other gateways wrote: an exchange that a crash cut off stays open, and what the disk rejects
   * is not kept, because both come again. Default false.
   */
  readonly collects?: boolean
  /** Sizes and times of the journal. Only tests set them. */
  readonly journal?: Pick<JournalWriterOptions, 'segmentBytesMax' | 'segmentMsMax' | 'heldBytesMax' | 'retryMs'>
  /** Milliseconds between two loads into the store, and between two looks of a feed. Default 1,000. */
  readonly loadEveryMs?: number
}

const retainEveryMs = 3_600_000
/** Of the bodies that a query has a table of. */
const bodiesBounds = { bytes: 96 * 1_048_576, recordBytes: 8 * 1_048_576, ms: 15_000 }
const loadEveryMsDefault = 1_000
/** A record that a crash cut off in a collector comes again within minutes; what has not come by then never will. */
const cutOffMsMax = 24 * 3_600_000
const feedsBehindMsDefault = 3 * 24 * 3_600_000
/**
 * A quiet gateway begins one segment a day, and more if bodies are kept for less than eight days, because only whole
 * segments are deleted.
 */
const segmentMsDefault = 24 * 3_600_000

/**
 * Opens the ledger: claims the directory, loads what the journal holds, and closes in the background the exchanges that
 * an earlier process left open.
 * @throws LedgerError (as a rejection) `ledger_directory`, `ledger_in_use`, `ledger_corrupt`, `ledger_unwritable`.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { log, clock = systemClock, scheduler = systemScheduler, monotonic = () => performance.now() } = options
  const directory = prepareDirectory(options.directory)
  const unclaim = claimDirectory(directory)
  try {
    const { store: kind = 'duckdb', loadEveryMs = loadEveryMsDefault, names = {} } = options
    const store = await startStore({ kind, directory, log, loadEveryMs, names })
    try {
      // The store is open here alone, so no other process writes.
      removeLeftovers(directory)
      // Before the writer makes a segment.
      const hold = new DeletionHold(clock, monotonic, newestSegmentMs(journalPath(directory)), log)
      const writer = await openWriter(options, directory, store, clock, scheduler)
      const feeds = startFeeds(options, directory, store)
      const searches = new SearchThread(journalPath(directory))
      return new OpenLedger({ ...options, clock, scheduler }, hold, store, writer, feeds, searches, unclaim)
    } catch (error) {
      await store.ask('close')
      await store.ended
      throw error
    }
  } catch (error) {
    unclaim()
    throw error
  }
}

function startFeeds(options: LedgerOptions, directory: string, { written }: StoreClient): RunningFeeds {
  const { feeds = [], loadEveryMs: everyMs = loadEveryMsDefault, log } = options
  const journal = journalPath(directory)
  const running = new RunningFeeds({ journal, cursors: join(directory, 'cursors'), written, everyMs, log })
  running.use(feeds)
  return running
}

function openWriter(
  options: LedgerOptions,
  directory: string,
  store: StoreClient,
  clock: Clock,
  scheduler: Scheduler,
): Promise<JournalWriter> {
  return JournalWriter.open({
    segmentMsMax: Math.min(segmentMsDefault, options.retain.bodies / 8),
    ...options.journal,
    holds: options.collects !== true,
    directory: journalPath(directory),
    end: store.position,
    fsync: options.fsync,
    clock,
    scheduler,
    log: options.log,
    onWritten: end => store.wrote(end),
    readBack: (id, direction, end) => readBack(store, id, direction, end),
  })
}

const readBack: (
  store: StoreClient,
  ...asked: Parameters<JournalWriterOptions['readBack']>
) => ReturnType<JournalWriterOptions['readBack']> = async (store, id, direction, end) => {
  await store.ask('load', end)
  const parts = await store.ask('written', id, direction, end)
  return parts.map(part => Buffer.from(part.buffer, part.byteOffset, part.byteLength))
}

class OpenLedger implements Ledger {
  readonly journal: JournalWriter
  readonly holds: LegalHolds
  readonly erasures: OpenErasures
  readonly #options: LedgerOptions & { readonly clock: Clock; readonly scheduler: Scheduler }
  readonly #hold: DeletionHold
  readonly #store: StoreClient
  readonly #feeds: RunningFeeds
  readonly #searches: SearchThread
  /** Aborted when the ledger closes. */
  readonly #exports = new AbortController()
  readonly #unclaim: () => void
  readonly #stopRetention: () => void
  readonly #recover: () => Promise<void>
  /** Null in a collector until what a crash cut off cannot come any more. */
  #recovered: Promise<void> | null
  readonly #openedAtMs: number
  #closing: Promise<void> | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #lastStatus: StoreStatus = { openExchanges: 0, damagedBytes: 0 }

  constructor(
    options: LedgerOptions & { readonly clock: Clock; readonly scheduler: Scheduler },
    hold: DeletionHold,
    store: StoreClient,
    journal: JournalWriter,
    feeds: RunningFeeds,
    searches: SearchThread,
    unclaim: () => void,
  ) {
    this.#options = options
    this.holds = openHolds(options.directory, options.store !== 'none')
    this.#hold = hold
    this.#store = store
    this.journal = journal
    this.#feeds = feeds
    this.#searches = searches
    this.#unclaim = unclaim
    this.#stopRetention = options.scheduler(retainEveryMs, async () => {
      this.erasures.resume()
      await this.#inTurn(() => this.#retain())
    })
    const { counter, log, modelOf = () => null, costOf = () => null, completionTokensAssumed = 1_000 } = options
    const stopped = (): boolean => this.#closing !== null
    const parts = { store, journal, counter, modelOf, costOf, completionTokensAssumed, log, stopped }
    this.#recover = () => recovered(parts)
    this.#recovered = options.collects === true ? null : this.#recover()
    this.#openedAtMs = options.clock()
    this.erasures = new OpenErasures({
      ...{ directory: options.directory, store, holds: this.holds, feeds, clock: options.clock, log },
      seal: () => journal.seal(),
      loadAll: () => this.caughtUp(),
      inTurn: work => this.#inTurn(work),
    })
    // What a process that died has left of one; after what it left open has its end.
    void this.caughtUp().then(
      () => this.erasures.resume(),
      () => {},
    )
  }

  async caughtUp(): Promise<void> {
    await this.#recovered
    await this.#loadAll()
  }

  keepNames(names: LedgerNames): void {
    this.#store.ask('keepNames', names).catch(error => {
      this.#options.log.error({ cause: String(error) }, 'store_names_unwritten')
    })
  }

  get feeds(): Feeds {
    return this.#feeds
  }

  useFeeds(sources: readonly FeedSource[]): void {
    this.#feeds.use(sources)
  }

  async usage(...[query]: Parameters<Ledger['usage']>): ReturnType<Ledger['usage']> {
    await this.caughtUp()
    return this.#store.ask('usage', query)
  }
  async series(...[query]: Parameters<Ledger['series']>): ReturnType<Ledger['series']> {
    await this.caughtUp()
    return this.#store.ask('series', query)
  }
  async callers(...[query]: Parameters<Ledger['callers']>): ReturnType<Ledger['callers']> {
    await this.caughtUp()
    return this.#store.ask('callers', query)
  }
  async errors(...[filter]: Parameters<Ledger['errors']>): ReturnType<Ledger['errors']> {
    await this.caughtUp()
    return this.#store.ask('errors', filter)
  }
  async list(...[query]: Parameters<Ledger['list']>): ReturnType<Ledger['list']> {
    await this.caughtUp()
    return this.#store.ask('list', query)
  }
  async follow(...[after, limit]: Parameters<Ledger['follow']>): ReturnType<Ledger['follow']> {
    // Who follows asks again soon: what is not loaded yet comes then.
    if (after === null) await this.caughtUp()
    return this.#store.ask('follow', after, limit)
  }
  get loadedTo(): JournalPosition {
    return this.#store.loadedTo
  }
  async row(id: string): ReturnType<Ledger['row']> {
    await this.caughtUp()
    return this.#store.ask('row', id)
  }
  async spent(fromMs: number, toMs: number): ReturnType<Ledger['spent']> {
    await this.caughtUp()
    return this.#store.ask('spent', fromMs, toMs)
  }
  async owed(sinceMs: number): ReturnType<Ledger['owed']> {
    await this.caughtUp()
    return this.#store.ask('owed', sinceMs)
  }
  async known(ids: readonly string[]): ReturnType<Ledger['known']> {
    await this.caughtUp()
    return this.#store.ask('known', ids)
  }
  async creatorsOf(objectIds: readonly string[]): ReturnType<Ledger['creatorsOf']> {
    await this.caughtUp()
    return this.#store.ask('creatorsOf', objectIds)
  }
  async bodies(id: string): ReturnType<Ledger['bodies']> {
    await this.caughtUp()
    return this.#store.ask('bodies', id, this.#options.clock() - this.#options.retain.bodies, this.holds.list())
  }
  async keptBodies(id: string): ReturnType<Ledger['keptBodies']> {
    await this.caughtUp()
    return this.#store.ask('keptBodies', id, this.#options.clock() - this.#options.retain.bodies, this.holds.list())
  }
  async search(...[query, signal]: Parameters<Ledger['search']>): ReturnType<Ledger['search']> {
    await this.caughtUp()
    const { clock, retain } = this.#options
    const places = await this.#store.ask('bodyPlaces', query, this.holds.list())
    return this.#searches.search(places, query, clock() - retain.bodies, signal)
  }

  async conversations(...[query, turn]: Parameters<Ledger['conversations']>): ReturnType<Ledger['conversations']> {
    await this.caughtUp()
    const { clock, retain, directory } = this.#options
    const bodiesFromMs = (): number => clock() - retain.bodies
    const holds = (): readonly LegalHold[] => this.holds.list()
    const ended = this.#exports.signal
    const parts = { store: this.#store, journal: journalPath(directory), bodiesFromMs, holds, ended }
    return readConversations(parts, query, turn)
  }

  async query(...[query, signal]: Parameters<Ledger['query']>): ReturnType<Ledger['query']> {
    await this.caughtUp()
    const bodies = query.bodies === null ? null : await this.#bodiesFor(query.bodies)
    const snapshot = await this.#store.ask('querySnapshot')
    try {
      return await runQuery(query, { snapshot, bodies }, signal)
    } finally {
      // A store that has gone took its copies with it.
      await this.#store.ask('releaseSnapshot', snapshot.number).catch(() => {})
    }
  }

  async #bodiesFor(wanted: QueryBodies): Promise<TaskBodies> {
    const { clock, retain, directory } = this.#options
    const places = await this.#store.ask('bodyPlaces', { text: '', ...wanted }, this.holds.list())
    return { journal: journalPath(directory), places, deletedBeforeMs: clock() - retain.bodies, bounds: bodiesBounds }
  }

  async health(): ReturnType<Ledger['health']> {
    const { openExchanges, damagedBytes } = await this.#status()
    const { writable, heldEntries, losses } = this.journal
    return {
      writable,
      heldEntries,
      lostBodyBytes: losses.bodyBytes,
      lostRecords: losses.records,
      openExchanges,
      damagedBytes,
    }
  }

  /** What the store last said while it is away: health and metrics must not fail with it. */
  async #status(): Promise<StoreStatus> {
    try {
      this.#lastStatus = await this.#store.ask('status')
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'ledger_busy')) throw error
    }
    return this.#lastStatus
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #loadAll(): Promise<void> {
    await this.journal.flushed()
    await this.#store.ask('load', this.journal.end)
  }

  /** Retention and erasures, one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  async #retain(): Promise<void> {
    const { clock, retain, log } = this.#options
    try {
      // What is not loaded yet must not be deleted.
      await this.#loadAll()
      const now = clock()
      // Open exchanges hold their segments back.
      if (now - this.#openedAtMs > cutOffMsMax) this.#recovered ??= this.#recover()
      await this.#recovered
      if (!this.#hold.mayDelete()) return
      const bodiesFromMs = now - retain.bodies
      const feeds = this.#feeds.needs().map(({ name, from, behindMsMax }) => {
        return { name, from, fromMs: bodiesFromMs - (behindMsMax ?? feedsBehindMsDefault) }
      })
      const { archiveAfter = 'never' } = retain
      const archiveFromMs = archiveAfter === 'never' ? null : now - Math.max(archiveAfter, retain.bodies)
      const needs = { feeds, bodiesFromMs, nowMs: now }
      const { unread, archived, ...deleted } = await this.#store.ask(
        'retain',
        now - retain.records,
        archiveFromMs,
        needs,
        // What cannot be read may be on hold: nothing is deleted then.
        this.holds.list(),
      )
      for (const [consumer, segments] of Object.entries(unread)) {
        this.#feeds.dropped(consumer, segments)
        log.error({ segments, consumer }, 'journal_deleted_unread')
      }
      if (archived > 0) log.info({ records: archived }, 'ledger_archived')
      if (deleted.records + deleted.segments > 0) log.info({ ...deleted }, 'ledger_swept')
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'ledger_closed') return
      log.error({ cause: String(error) }, 'ledger_not_swept')
    }
  }

  async #close(): Promise<void> {
    this.#stopRetention()
    this.#searches.close()
    this.#exports.abort()
    await this.#recovered
    await this.erasures.stop()
    try {
      await this.journal.finish()
      await this.#store.ask('load', this.journal.end).catch(cause => {
        this.#options.log.error({ cause: String(cause) }, 'store_load_incomplete')
      })
    } finally {
      await this.#feeds.close()
      await this.#store.ask('close').catch(error => {
        this.#options.log.error({ cause: String(error) }, 'store_close_failed')
      })
      await this.#store.ended
      this.#unclaim()
    }
  }
}

async function recovered(parts: RecoverParts): Promise<void> {
  try {
    await recover(parts)
  } catch (error) {
    parts.log.error({ cause: String(error) }, 'recovery_incomplete')
  }
}
