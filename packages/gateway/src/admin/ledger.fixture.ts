import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ledger, LedgerReader } from '../ledger/index.ts'
import { openLedger } from '../ledger/open.ts'
import type { CallersPage, CallersQuery, ErrorLine } from '../ledger/people.ts'
import type { EraseState, Erasures, LegalHold, LegalHolds } from '../ledger/privacy/index.ts'
import { unknownClosed, unknownOpened } from '../ledger/read-fields.ts'
import type { RecordBodies, RecordRow } from '../ledger/record.ts'
import type { RecordFilter, RecordsPage, RecordsQuery, UsageQuery, UsageReport } from '../ledger/reports.ts'
import type { SearchPage, SearchQuery } from '../ledger/search/index.ts'
import type { Series, SeriesQuery } from '../ledger/series.ts'
import { silentLog } from '../log.ts'
import { noUsage } from '../wire/usage.ts'

const dayMs = 86_400_000

/**
 * A ledger in a directory of its own, opened at its first use. It records the questions that it gets, and can be made
 * to fail.
 */
export class TestLedger implements LedgerReader {
  #opened: Promise<{ ledger: Ledger; directory: string }> | null = null
  #open: Ledger | null = null
  #holds: LegalHold[] = []
  #erasures: readonly EraseState[] = []
  /** Error that every question rejects with; null for none. */
  failure: Error | null = null
  /** Every question so far. */
  readonly asked: unknown[] = []
  /** Called before every list is answered. */
  onList: () => void | Promise<void> = () => {}
  /** Called before every report is answered. */
  onUsage: () => void | Promise<void> = () => {}

  /** Writes an exchange that has ended. */
  async add(row: RecordRow, bodies?: { request: Uint8Array | null; response: Uint8Array | null }): Promise<void> {
    const { journal } = await this.#ledger()
    const bytes = (body: Uint8Array | null | undefined): Uint8Array[] =>
      body === null || body === undefined ? [] : [body]
    await journal.close({ ...row, opened: row }, bytes(bodies?.response), bytes(bodies?.request))
  }

  async usage(query: UsageQuery): Promise<UsageReport> {
    const ledger = await this.#asked(query)
    await this.onUsage()
    return ledger.usage(query)
  }

  async series(query: SeriesQuery): Promise<Series> {
    return (await this.#asked(query)).series(query)
  }

  async callers(query: CallersQuery): Promise<CallersPage> {
    return (await this.#asked(query)).callers(query)
  }

  async errors(filter: RecordFilter): Promise<readonly ErrorLine[]> {
    return (await this.#asked(filter)).errors(filter)
  }

  async list(query: RecordsQuery): Promise<RecordsPage> {
    const ledger = await this.#asked(query)
    await this.onList()
    return ledger.list(query)
  }

  async follow(after: string | null, limit: number): ReturnType<LedgerReader['follow']> {
    return (await this.#asked({ follow: after })).follow(after, limit)
  }

  get loadedTo(): number {
    if (this.failure !== null) throw this.failure
    return this.#open?.loadedTo ?? 0
  }

  async row(id: string): Promise<RecordRow | null> {
    return (await this.#asked({ id })).row(id)
  }

  async bodies(id: string): Promise<RecordBodies | null> {
    return (await this.#asked({ id })).bodies(id)
  }

  async keptBodies(id: string): ReturnType<LedgerReader['keptBodies']> {
    return (await this.#asked({ id })).keptBodies(id)
  }

  async search(query: SearchQuery, signal?: AbortSignal): Promise<SearchPage> {
    return (await this.#asked(query)).search(query, signal)
  }

  async conversations(
    ...[query, turn]: Parameters<LedgerReader['conversations']>
  ): ReturnType<LedgerReader['conversations']> {
    return (await this.#asked(query)).conversations(query, turn)
  }

  async query(...[query, signal]: Parameters<LedgerReader['query']>): ReturnType<LedgerReader['query']> {
    return (await this.#asked(query)).query(query, signal)
  }

  async spent(fromMs: number, toMs: number): ReturnType<LedgerReader['spent']> {
    return (await this.#asked({ fromMs, toMs })).spent(fromMs, toMs)
  }

  async creatorsOf(objectIds: readonly string[]): ReturnType<LedgerReader['creatorsOf']> {
    return (await this.#asked({ objectIds })).creatorsOf(objectIds)
  }

  async health(): ReturnType<LedgerReader['health']> {
    return (await this.#asked('health')).health()
  }

  readonly holds: LegalHolds = {
    list: () => this.#holds,
    add: async hold => {
      this.#holds.push(hold)
      await (await this.#ledger()).holds.add(hold)
    },
    remove: async id => {
      const removed = await (await this.#ledger()).holds.remove(id)
      this.#holds = this.#holds.filter(hold => hold.id !== id)
      return removed
    },
  }

  readonly erasures: Erasures = {
    preview: async filter => (await this.#ledger()).erasures.preview(filter),
    start: async (...asked) => {
      const { erasures } = await this.#ledger()
      erasures.onDone(() => void this.#known())
      const state = await erasures.start(...asked)
      await this.#known()
      return state
    },
    list: () => this.#erasures,
    onDone: listener => this.#ledger().then(({ erasures }) => erasures.onDone(listener)),
  }

  async #known(): Promise<void> {
    this.#erasures = (await this.#ledger()).erasures.list()
  }

  /** Closes the ledger while others still read from it. */
  async stop(): Promise<void> {
    await (await this.#ledger()).close()
  }

  async remove(): Promise<void> {
    if (this.#opened === null) return
    const { ledger, directory } = await this.#opened
    await ledger.close()
    await rm(directory, { recursive: true })
  }

  #asked(question: unknown): Promise<Ledger> {
    this.asked.push(question)
    return this.failure === null ? this.#ledger() : Promise.reject(this.failure)
  }

  async #ledger(): Promise<Ledger> {
    this.#opened ??= open()
    this.#open = (await this.#opened).ledger
    return this.#open
  }
}

async function open(): Promise<{ ledger: Ledger; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-admin-'))
  const ledger = await openLedger({
    directory,
    fsync: 1_000,
    retain: { records: 400 * dayMs, bodies: 30 * dayMs },
    // No exchange is left open here, so nothing is ever counted.
    counter: { count: () => Promise.reject(new TypeError('nothing to count')) },
    log: silentLog,
    clock: () => Date.UTC(2026, 10, 23, 12),
  })
  return { ledger, directory }
}

/** A record of one successful chat call; `changes` replaces fields. */
export function recordRow(id: string, changes: Partial<RecordRow> = {}): RecordRow {
  const startedAtMs = Date.UTC(2026, 10, 20, 9, 30)
  return {
    ...unknownOpened(id),
    ...unknownClosed(id),
    startedAtMs,
    sentAtMs: startedAtMs + 2,
    firstByteAtMs: startedAtMs + 102,
    endedAtMs: startedAtMs + 400,
    durationMs: 400,
    timeToFirstByteMs: 100,
    callerKind: 'user',
    callerTenantId: '11111111-2222-3333-4444-555555555555',
    callerObjectId: '22222222-2222-3333-4444-555555555555',
    callerName: 'carol@contoso.example',
    workload: 'hr-bot',
    target: 'main',
    instance: 'east',
    region: 'eastus2',
    deployment: 'gpt-4o',
    requestedModel: 'gpt-4o',
    servedModel: 'gpt-4o-2024-11-20',
    operation: 'chat/completions',
    method: 'POST',
    path: '/main/hr-bot/openai/v1/chat/completions',
    clientAddress: '127.0.0.1',
    userAgent: 'test',
    requestContentType: 'application/json',
    responseContentType: 'application/json',
    outcome: 'completed',
    status: 200,
    attempts: [{ instance: 'east', status: 200, durationMs: 398, error: null }],
    usage: {
      ...noUsage,
      source: 'reported',
      promptTokens: 1_200,
      completionTokens: 34,
      totalTokens: 1_234,
      cachedTokens: 0,
      reasoningTokens: 0,
    },
    cost: { nano: 3_340_000, currency: 'USD', price: 'gpt-4o-2024-11-20 2024-11-20' },
    reservedTokens: 2_200,
    finishReason: 'stop',
    backendRequestId: 'backend-1',
    requestBytes: 120,
    responseBytes: 800,
    ...changes,
  }
}

/** Ids that sort by their number. */
export function recordId(number: number): string {
  return `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`
}
