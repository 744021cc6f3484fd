import type { Clock } from '../clock.ts'
import type { Caller } from './caller.ts'
import type { TrustedKey } from './documents.ts'

export interface Remembered {
  readonly caller: Caller
  /** `exp` and the tolerance for it, in milliseconds since the epoch. */
  readonly untilMs: number
  readonly key: TrustedKey
}

/**
 * Verified callers by the digest of their whole token: never by a part of it, which another token may share. What is asked for
 * is answered only while the token is valid and its key is still published.
 */
export class CallerMemory {
  readonly #entriesMax: number
  readonly #clock: Clock
  readonly #entries = new Map<string, Remembered>()

  constructor(entriesMax: number, clock: Clock) {
    this.#entriesMax = entriesMax
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  get(digest: string): Remembered | null {
    const entry = this.#entries.get(digest)
    if (entry === undefined) return null
    if (this.holds(entry)) return entry
    this.#entries.delete(digest)
    return null
  }

  /** Whether its token is still valid and its key still published. */
  holds(entry: Remembered): boolean {
    return this.#clock() < entry.untilMs && !entry.key.withdrawn
  }

  put(digest: string, entry: Remembered): void {
    this.#entries.delete(digest)
    this.#entries.set(digest, entry)
    // A Map is walked in the order of insertion: the oldest go first, because the room is needed or because they are over anyway.
    for (const [oldest, candidate] of this.#entries) {
      if (this.#entries.size <= this.#entriesMax && this.holds(candidate)) break
      this.#entries.delete(oldest)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}
