/**
 * What is live, read once for all that listen: records as they are loaded, and the states of the house when they have
 * changed. Nothing is read while nobody listens.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { LedgerError, type LedgerReader } from '../../ledger/index.ts'
import type { FollowedPage } from '../../ledger/reports.ts'
import { eventText, LivePiece } from './events.ts'

export const stateKinds = ['instances', 'limits', 'feeds'] as const
export type StateKind = (typeof stateKinds)[number]
export type LiveKind = 'record' | StateKind

export interface HubParts {
  readonly ledger: Pick<LedgerReader, 'follow' | 'loadedTo'>
  /** Present states, in the form of the routes that show them. */
  readonly states: (kinds: readonly StateKind[]) => Promise<Partial<Record<StateKind, unknown>>>
  /** Milliseconds between two looks whether more was loaded. */
  readonly pollMs: number
  /** Milliseconds between two looks at the states. */
  readonly stateMs: number
}

export interface LiveState {
  /** The event that says it. */
  readonly event: Uint8Array
  /** Grows with each change. */
  readonly version: number
}

/** One who listens. */
export interface Listener {
  /** Records after a cursor, at most a page of them, and the cursor after them. */
  after(cursor: string): Promise<{ readonly pieces: readonly LivePiece[]; readonly cursor: string }>
  state(kind: StateKind): LiveState | null
  /** Number of changes so far, of what it listens to. */
  readonly changes: number
  /** Resolves with true after more changes than so many, or when it is over; with false after so long a silence. */
  changed(since: number, silenceMs: number): Promise<boolean>
  /** True after `leave`, and when the ledger could not be read: whoever listens connects again, and then learns why. */
  readonly isOver: boolean
  leave(): void
}

/** Newest records that are kept for all; whoever is further behind reads from the ledger. */
const keptMax = 1_000
const pageSize = 500
/** Records in one write to a client. Calls get their turn after each. */
const pieceMax = 25

interface Kept {
  readonly pieces: LivePiece[]
  records: number
  from: number
  cursor: string
}

export class Hub {
  readonly #parts: HubParts
  readonly #listeners = new Set<Listening>()
  readonly #states = new Map<StateKind, LiveState & { readonly compared: string }>()
  /** Everything that was loaded after `from` and up to `cursor`; null while nobody listens to records. */
  #kept: Kept | null = null
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
    const listening = new Listening(kinds, {
      after: cursor => this.#after(cursor),
      state: kind => this.#states.get(kind) ?? null,
      leave: () => void this.#listeners.delete(listening),
    })
    this.#listeners.add(listening)
    this.#start()
    return listening
  }

  #wants(kind: LiveKind): boolean {
    for (const { kinds } of this.#listeners) if (kinds.includes(kind)) return true
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
    try {
      const cursor = await this.now()
      const kept: Kept = { pieces: [], records: 0, from: Number(cursor), cursor }
      this.#kept = kept
      for (let readTo = -1; this.#wants('record'); await pause(this.#parts.pollMs)) {
        const { loadedTo } = this.#parts.ledger
        if (loadedTo === readTo) continue
        await this.#keepNew(kept)
        readTo = loadedTo
      }
    } catch {
      for (const listening of this.#listeners) if (listening.kinds.includes('record')) listening.leave()
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
    let from: string
    do {
      from = kept.cursor
      const page = await this.#parts.ledger.follow(kept.cursor, pageSize)
      for (const piece of inPieces(page.records)) {
        this.#keep(kept, piece)
        // Calls get their turn.
        await turn()
      }
      kept.cursor = page.cursor
    } while (Number(kept.cursor) - Number(from) >= pageSize)
  }

  #keep(kept: Kept, piece: LivePiece): void {
    kept.pieces.push(piece)
    kept.records += piece.size
    kept.cursor = piece.cursor
    while (kept.records > keptMax) {
      const dropped = kept.pieces.shift()
      if (dropped === undefined) break
      kept.records -= dropped.size
      kept.from = Number(dropped.cursor)
    }
    this.#tell(['record'])
  }

  async #after(cursor: string): Promise<{ pieces: readonly LivePiece[]; cursor: string }> {
    const kept = this.#kept
    const at = Number(cursor)
    // A cursor that is ahead is of another ledger; one before what is kept is read from this one.
    if (kept === null || kept.from > at) {
      const page = await this.#parts.ledger.follow(cursor, pageSize)
      return { pieces: inPieces(page.records), cursor: page.cursor }
    }
    if (at >= Number(kept.cursor)) return { pieces: [], cursor }
    // Most listeners lack only the newest.
    const seen = kept.pieces.findLastIndex(piece => Number(piece.cursor) <= at)
    const [first, ...others] = kept.pieces.slice(seen + 1)
    return { pieces: first === undefined ? [] : [first.after(at), ...others], cursor: kept.cursor }
  }

  async #lookAtStates(wanted: readonly StateKind[]): Promise<void> {
    // What cannot be read now is read again in a second; until then the state before it counts.
    const found = await this.#parts.states(wanted).catch(() => ({}))
    const changed: StateKind[] = []
    for (const [kind, state] of Object.entries(found) as [StateKind, unknown][]) {
      const json = JSON.stringify(state)
      const compared = withoutAges(json)
      const last = this.#states.get(kind)
      if (last?.compared === compared) continue
      const event = Buffer.from(eventText(kind, json, null))
      this.#states.set(kind, { event, compared, version: (last?.version ?? 0) + 1 })
      changed.push(kind)
    }
    if (changed.length > 0) this.#tell(changed)
  }

  #tell(changed: readonly LiveKind[]): void {
    for (const listening of this.#listeners) {
      if (listening.kinds.some(kind => changed.includes(kind))) listening.tell()
    }
  }
}

/** What a listener asks of the hub. */
interface ListeningParts extends Pick<Listener, 'after' | 'state' | 'leave'> {}

/** It waits without a signal of its own for each wait: there is one for each change and each stream. */
class Listening implements Listener {
  readonly kinds: readonly LiveKind[]
  readonly #parts: ListeningParts
  changes = 0
  isOver = false
  #wake: (() => void) | null = null

  constructor(kinds: readonly LiveKind[], parts: ListeningParts) {
    this.kinds = kinds
    this.#parts = parts
  }

  after(cursor: string): ReturnType<Listener['after']> {
    return this.#parts.after(cursor)
  }

  state(kind: StateKind): LiveState | null {
    return this.#parts.state(kind)
  }

  tell(): void {
    this.changes += 1
    this.#wake?.()
  }

  changed(since: number, silenceMs: number): Promise<boolean> {
    if (this.changes > since || this.isOver) return Promise.resolve(true)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const end = (hasChanged: boolean): void => {
      clearTimeout(timer)
      this.#wake = null
      resolve(hasChanged)
    }
    const timer = setTimeout(() => end(false), silenceMs)
    this.#wake = () => end(true)
    return promise
  }

  leave(): void {
    this.isOver = true
    this.#parts.leave()
    this.#wake?.()
  }
}

function inPieces(records: FollowedPage['records']): readonly LivePiece[] {
  const pieces: LivePiece[] = []
  for (let from = 0; from < records.length; from += pieceMax) {
    pieces.push(new LivePiece(records.slice(from, from + pieceMax)))
  }
  return pieces
}

/** Does not keep the process alive. */
function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}

/**
 * The ages of what the other replicas have published change with every look, and say nothing new. In a text of JSON,
 * the quotes around the name of a member are the only ones without a backslash.
 */
function withoutAges(json: string): string {
  return json.replaceAll(/"quietMs":[^,}]+/g, '')
}

/** True for a ledger that keeps its journal alone: it has no records to follow. */
export function isWithoutStore(error: unknown): boolean {
  return error instanceof LedgerError && error.code === 'ledger_without_store'
}
