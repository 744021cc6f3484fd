import type { JournalPosition } from './position.ts'

/** An exchange whose end has not been read yet. Its bytes stay in the journal; only their positions are kept. */
export interface OpenExchange<Opening> {
  /** Position of its first entry. */
  readonly since: JournalPosition
  /** Position of the entry that opened it; 0 when that was never read. */
  openedAt: JournalPosition
  /** What the reader keeps of the opening half; null when that was never read. */
  opening: Opening | null
  /** Kind and position of each further entry, in turn. */
  parts: number[] | null
  /** When its last entry was written, milliseconds since the epoch. */
  writtenAtMs: number
}

export function newOpenExchange<Opening>(since: JournalPosition): OpenExchange<Opening> {
  return { since, openedAt: 0, opening: null, parts: null, writtenAtMs: 0 }
}

/**
 * Pairs the entries that open exchanges with those that close them. Holds the exchanges that are open, oldest first.
 */
export class OpenExchanges<Opening> {
  /** By the 16 bytes of the id, as latin1. Insertion order is the journal's order. */
  readonly #byId = new Map<string, OpenExchange<Opening>>()

  get size(): number {
    return this.#byId.size
  }

  get(id: string): OpenExchange<Opening> | undefined {
    return this.#byId.get(id)
  }

  /** The open exchange with this id. It begins here when it is not known yet. */
  begin(id: string, since: JournalPosition): OpenExchange<Opening> {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const exchange = newOpenExchange<Opening>(since)
    this.#byId.set(id, exchange)
    return exchange
  }

  /** Takes the exchange out. */
  end(id: string): OpenExchange<Opening> | undefined {
    const exchange = this.#byId.get(id)
    if (exchange !== undefined) this.#byId.delete(id)
    return exchange
  }

  ids(): string[] {
    return [...this.#byId.keys()]
  }

  /** Where a restart must begin to read: at the oldest open exchange, at `end` when there is none. */
  lowWater(end: JournalPosition): JournalPosition {
    for (const exchange of this.#byId.values()) return exchange.since
    return end
  }
}
