import type { CodedNames } from '../store/name-blocks.ts'
import type { JournalPosition } from './position.ts'

/** What is known of an exchange whose end has not been read yet. Bytes stay in the journal; only their places are held. */
export interface OpenExchange {
  /** JournalPosition of its first entry. */
  readonly since: JournalPosition
  /** JournalPosition of the entry that opened it; 0 when that was never read. */
  openedAt: JournalPosition
  names: CodedNames | null
  startedAtMs: number
  flags: number
  /** Id of the exchange of which it is a copy. */
  copyOf: string | null
  /** JSON of the deployments that the request names besides its own; null where there are none. */
  toolDeployments: string | null
  /** Kind and place of each further entry, one after the other. */
  parts: number[] | null
  /** When its last entry was written. */
  writtenAtMs: number
}

/** The exchanges that are open, oldest first. */
export class OpenExchanges {
  /** By the 16 bytes of the id, as latin1. Insertion order is the journal's order. */
  readonly #byId = new Map<string, OpenExchange>()

  get size(): number {
    return this.#byId.size
  }

  get(id: string): OpenExchange | undefined {
    return this.#byId.get(id)
  }

  begin(id: string, since: JournalPosition): OpenExchange {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const exchange: OpenExchange = {
      since,
      openedAt: 0,
      names: null,
      startedAtMs: Number.NaN,
      flags: 0,
      copyOf: null,
      toolDeployments: null,
      parts: null,
      writtenAtMs: 0,
    }
    this.#byId.set(id, exchange)
    return exchange
  }

  /** Takes the exchange out. */
  end(id: string): OpenExchange | undefined {
    const exchange = this.#byId.get(id)
    if (exchange !== undefined) this.#byId.delete(id)
    return exchange
  }

  ids(): string[] {
    return [...this.#byId.keys()]
  }

  /** Where a restart must begin to read: the oldest open exchange, `end` when there is none. */
  lowWater(end: JournalPosition): JournalPosition {
    for (const exchange of this.#byId.values()) return exchange.since
    return end
  }
}
