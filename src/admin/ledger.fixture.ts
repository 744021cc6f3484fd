import { callerKey } from '../identity/caller.ts'
import type { LedgerReader } from '../ledger/index.ts'
import type { RecordBodies, RecordRow } from '../ledger/record.ts'
import type {
  RecordFilter,
  RecordsPage,
  RecordsQuery,
  UsageDimension,
  UsageLine,
  UsageQuery,
  UsageReport,
} from '../ledger/reports.ts'

type Figures = UsageReport['total']

/** The ledger's reader over rows in memory: lets a test say what is in it, and make it fail. */
export class MemoryLedger implements LedgerReader {
  readonly rows: RecordRow[] = []
  readonly #bodies = new Map<string, RecordBodies>()
  /** What every question rejects with, null for none. */
  failure: Error | null = null
  /** Every question so far. */
  readonly asked: unknown[] = []
  /** Called at every list. */
  onList: () => void = () => {}

  add(row: RecordRow, bodies?: { request: Uint8Array | null; response: Uint8Array | null }): void {
    this.rows.push(row)
    if (bodies !== undefined) this.#bodies.set(row.id, { id: row.id, ...bodies })
  }

  async usage(query: UsageQuery): Promise<UsageReport> {
    this.#note(query)
    const groups = Map.groupBy(this.#matching(query), row => JSON.stringify(query.by.map(name => dimension(row, name))))
    const lines = [...groups].map(
      ([key, rows]): UsageLine => ({
        keys: JSON.parse(key),
        callerKey: query.by.includes('caller') && rows[0] ? keyOf(rows[0]) : null,
        ...figures(rows),
      }),
    )
    return { by: query.by, lines, total: figures(this.#matching(query)) }
  }

  async list(query: RecordsQuery): Promise<RecordsPage> {
    this.#note(query)
    this.onList()
    const limit = query.limit ?? 50
    const cursor = String(this.rows.length)
    if (query.after !== undefined) {
      const later = new Set(this.rows.slice(Number(query.after)))
      return {
        records: this.#matching(query)
          .filter(row => later.has(row))
          .slice(0, limit),
        next: null,
        cursor,
      }
    }
    const newest = this.#matching(query)
      .filter(row => query.before === undefined || row.id < query.before)
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    const records = newest.slice(0, limit)
    return { records, next: newest.length > limit ? (records.at(-1)?.id ?? null) : null, cursor }
  }

  async row(id: string): Promise<RecordRow | null> {
    this.#note({ id })
    return this.rows.find(row => row.id === id) ?? null
  }

  async bodies(id: string): Promise<RecordBodies | null> {
    this.#note({ id })
    return this.#bodies.get(id) ?? null
  }

  #note(question: unknown): void {
    this.asked.push(question)
    if (this.failure !== null) throw this.failure
  }

  #matching(filter: RecordFilter): RecordRow[] {
    const equal = (
      ['workload', 'instance', 'deployment', 'operation', 'outcome', 'outcomeCode', 'status'] as const
    ).filter(name => filter[name] !== undefined)
    return this.rows.filter(
      row =>
        row.startedAtMs >= (filter.fromMs ?? 0) &&
        row.startedAtMs < (filter.toMs ?? Number.POSITIVE_INFINITY) &&
        equal.every(name => row[name] === filter[name]) &&
        (filter.caller === undefined || [row.callerName, row.callerObjectId, keyOf(row)].includes(filter.caller)),
    )
  }
}

function keyOf(row: RecordRow): string | null {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId: objectId, callerAppId: appId } = row
  return kind === null || tenantId === null || objectId === null ? null : callerKey({ kind, tenantId, objectId, appId })
}

function dimension(row: RecordRow, name: UsageDimension): string | null {
  const started = new Date(row.startedAtMs).toISOString()
  if (name === 'month') return started.slice(0, 7)
  if (name === 'day') return started.slice(0, 10)
  if (name === 'hour') return `${started.slice(0, 13)}:00`
  if (name === 'caller') return row.callerName
  return name === 'model' ? row.servedModel : row[name]
}

function figures(rows: readonly RecordRow[]): Figures {
  const sum = (of: (row: RecordRow) => number | null): number => rows.reduce((all, row) => all + (of(row) ?? 0), 0)
  const ended = (outcome: string): number => rows.filter(row => row.outcome === outcome).length
  return {
    calls: rows.length,
    completed: ended('completed'),
    refused: ended('refused'),
    failed: ended('failed'),
    aborted: ended('aborted'),
    interrupted: ended('interrupted'),
    promptTokens: sum(row => row.usage.promptTokens),
    cachedTokens: sum(row => row.usage.cachedTokens),
    completionTokens: sum(row => row.usage.completionTokens),
    reasoningTokens: sum(row => row.usage.reasoningTokens),
    totalTokens: sum(row => row.usage.totalTokens),
    countedCalls: rows.filter(row => row.usage.source === 'counted').length,
    averageDurationMs: rows.length === 0 ? null : sum(row => row.durationMs) / rows.length,
  }
}

/** A record of one chat call that went well; `changes` replaces fields. */
export function recordRow(id: string, changes: Partial<RecordRow> = {}): RecordRow {
  const startedAtMs = Date.UTC(2026, 10, 20, 9, 30)
  return {
    id,
    startedAtMs,
    sentAtMs: startedAtMs + 2,
    firstByteAtMs: startedAtMs + 102,
    endedAtMs: startedAtMs + 400,
    durationMs: 400,
    timeToFirstByteMs: 100,
    demonstration: false,
    callerKind: 'user',
    callerTenantId: '11111111-2222-3333-4444-555555555555',
    callerObjectId: '22222222-2222-3333-4444-555555555555',
    callerAppId: null,
    callerName: 'carol@contoso.example',
    workload: 'hr-bot',
    target: 'main',
    instance: 'east',
    region: 'eastus2',
    deployment: 'gpt-4o',
    requestedModel: 'gpt-4o',
    servedModel: 'gpt-4o-2024-11-20',
    apiVersion: null,
    operation: 'chat/completions',
    stream: false,
    method: 'POST',
    path: '/main/hr-bot/openai/v1/chat/completions',
    clientAddress: '127.0.0.1',
    userAgent: 'test',
    requestContentType: 'application/json',
    responseContentType: 'application/json',
    outcome: 'completed',
    outcomeCode: null,
    status: 200,
    attempts: [{ instance: 'east', status: 200, durationMs: 398, error: null }],
    usage: {
      source: 'reported',
      promptTokens: 1_200,
      completionTokens: 34,
      totalTokens: 1_234,
      cachedTokens: 0,
      reasoningTokens: 0,
      audioPromptTokens: null,
      audioCompletionTokens: null,
    },
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
