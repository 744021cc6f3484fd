/**
 * What is live, read once for all that listen: records as they are loaded, and the states of the house when they have
 * changed. Nothing is read while nobody listens.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { LedgerError, type LedgerReader } from '../../ledger/index.ts'
import type { RecordRow } from '../../ledger/record.ts'
import type { FollowedPage } from '../../ledger/reports.ts'

export const stateKinds = ['instances', 'limits', 'feeds'] as const
export type StateKind = (typeof stateKinds)[number]
export type LiveKind = 'record' | StateKind

export interface HubParts {
  readonly ledger: Pick<LedgerReader, 'follow'>
  /** Present states, in the form of the routes that show them. */
  readonly states: (kinds: readonly StateKind[]) => Promise<Partial<Record<StateKind, unknown>>>
  /** Milliseconds between two reads of new records. */
  readonly pollMs: number
  /** Milliseconds between two looks at the states. */
  readonly stateMs: number
}

export interface LiveState {
  readonly json: string
  /** Grows with each change. */
  readonly version: number
}

export interface LiveRecord {
  readonly row: RecordRow
  readonly json: string
  /** To go on after it. */
  readonly cursor: string
}

/** One who listens. */
export interface Listener {
  /** Records after a cursor, at most a page of them, and the cursor after them. */
  after(cursor: string): Promise<{ readonly records: readonly LiveRecord[]; readonly cursor: string }>
  state(kind: StateKind): LiveState | null
  /** Number of changes so far. */
  readonly changes: number
  /** Resolves when there was a change after so many, or when `ends` is aborted. */
  changed(since: number, ends: AbortSignal): Promise<void>
  /** True when the ledger could not be read: whoever listens connects again, and then learns why. */
  readonly hasFailed: boolean
  leave(): void
}

/** Newest records that are kept for all; whoever is further behind reads from the ledger. */
const keptMax = 1_000
const pageSize = 500
/** Records that are made ready and sent before calls get their turn: a tenth of a millisecond for each stream. */
const atOnce = 25

interface Kept {
  readonly records: LiveRecord[]
  from: string
  cursor: string
}

export class Hub {
  readonly #parts: HubParts
  /** Kinds that each listener wants. */
  readonly #listeners = new Map<object, readonly LiveKind[]>()
  readonly #states = new Map<StateKind, LiveState & { readonly compared: string }>()
  #wakers = new Set<() => void>()
  #changes = 0
  /** Everything that was loaded after `from` and up to `cursor`; null while nobody listens to records. */
  #kept: Kept | null = null
  #failed = false
  #followsRecords = false
  #followsStates = false

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** The cursor of now. @throws LedgerError */
  async now(): Promise<string> {
    return (await this.#parts.ledger.follow(null, 1)).cursor
  }

  join(kinds: readonly LiveKind[]): Listener {
    const key = {}
    this.#listeners.set(key, kinds)
    this.#start()
    const hub = this
    return {
      after: cursor => this.#after(cursor),
      state: kind => this.#states.get(kind) ?? null,
      get changes() {
        return hub.#changes
      },
      get hasFailed() {
        return hub.#failed
      },
      changed: (since, ends) => this.#changed(since, ends),
      leave: () => void this.#listeners.delete(key),
    }
  }

  #wants(kind: LiveKind): boolean {
    for (const kinds of this.#listeners.values()) if (kinds.includes(kind)) return true
    return false
  }

  #start(): void {
    if (!this.#followsRecords && this.#wants('record')) void this.#followRecords()
    if (!this.#followsStates && this.#wantedStates().length > 0) void this.#followStates()
  }

  #wantedStates(): readonly StateKind[] {
    return stateKinds.filter(kind => this.#wants(kind))
  }

  async #followRecords(): Promise<void> {
    this.#followsRecords = true
    this.#failed = false
    try {
      const cursor = await this.now()
      const kept: Kept = { records: [], from: cursor, cursor }
      this.#kept = kept
      while (this.#wants('record')) {
        await this.#keepNew(kept)
        await pause(this.#parts.pollMs)
      }
    } catch {
      this.#failed = true
      this.#wake()
    } finally {
      this.#followsRecords = false
      this.#kept = null
    }
  }

  async #followStates(): Promise<void> {
    this.#followsStates = true
    for (let wanted = this.#wantedStates(); wanted.length > 0; wanted = this.#wantedStates()) {
      for (const kind of stateKinds) if (!wanted.includes(kind)) this.#states.delete(kind)
      await this.#lookAtStates(wanted)
      await pause(this.#parts.stateMs)
    }
    this.#states.clear()
    this.#followsStates = false
  }

  async #keepNew(kept: Kept): Promise<void> {
    let page: FollowedPage
    do {
      page = await this.#parts.ledger.follow(kept.cursor, pageSize)
      for (let from = 0; from < page.records.length; from += atOnce) {
        const records = page.records.slice(from, from + atOnce).map(liveRecord)
        this.#keep(kept, records, records.at(-1)?.cursor ?? kept.cursor)
        // Calls get their turn.
        await turn()
      }
      kept.cursor = page.cursor
    } while (page.records.length === pageSize)
  }

  #keep(kept: Kept, records: readonly LiveRecord[], cursor: string): void {
    kept.records.push(...records)
    kept.cursor = cursor
    const dropped = kept.records.splice(0, Math.max(0, kept.records.length - keptMax)).at(-1)
    if (dropped !== undefined) kept.from = dropped.cursor
    this.#wake()
  }

  async #after(cursor: string): Promise<{ records: readonly LiveRecord[]; cursor: string }> {
    const kept = this.#kept
    const at = Number(cursor)
    // A cursor that is ahead is of another ledger; one before what is kept is read from this one.
    if (kept !== null && Number(kept.from) <= at) {
      const first = kept.records.findIndex(one => Number(one.cursor) > at)
      return {
        records: first === -1 ? [] : kept.records.slice(first),
        cursor: at > Number(kept.cursor) ? cursor : kept.cursor,
      }
    }
    const page = await this.#parts.ledger.follow(cursor, pageSize)
    return { records: page.records.map(liveRecord), cursor: page.cursor }
  }

  async #lookAtStates(wanted: readonly StateKind[]): Promise<void> {
    // What cannot be read now is read again in a second; until then the state before it counts.
    const found = await this.#parts.states(wanted).catch(() => ({}))
    let hasChanged = false
    for (const [kind, state] of Object.entries(found) as [StateKind, unknown][]) {
      const compared = JSON.stringify(state, withoutAges)
      const last = this.#states.get(kind)
      if (last?.compared === compared) continue
      this.#states.set(kind, { json: JSON.stringify(state), compared, version: (last?.version ?? 0) + 1 })
      hasChanged = true
    }
    if (hasChanged) this.#wake()
  }

  #wake(): void {
    this.#changes += 1
    const wakers = this.#wakers
    this.#wakers = new Set()
    for (const wake of wakers) wake()
  }

  #changed(since: number, ends: AbortSignal): Promise<void> {
    if (this.#changes > since || ends.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wakers.add(resolve)
    ends.addEventListener('abort', () => resolve(), { once: true })
    return promise.finally(() => this.#wakers.delete(resolve))
  }
}

/** Does not keep the process alive. */
function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}

/** The ages of what the other replicas have published change with every look, and say nothing new. */
function withoutAges(name: string, value: unknown): unknown {
  return name === 'quietMs' ? undefined : value
}

function liveRecord({ row, cursor }: FollowedPage['records'][number]): LiveRecord {
  return { row, cursor, json: JSON.stringify(row) }
}

/** True for a ledger that keeps its journal alone: it has no records to follow. */
export function isWithoutStore(error: unknown): boolean {
  return error instanceof LedgerError && error.code === 'ledger_without_store'
}
