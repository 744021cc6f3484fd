import type { Clock } from '../clock.ts'
import type { Caller } from './caller.ts'
import type { TrustedKey } from './documents.ts'

export interface VerifiedToken {
  readonly caller: Caller
  /** `exp` plus the tolerance for it, in milliseconds since the epoch. */
  readonly untilMs: number
  readonly key: TrustedKey
}

/**
 * Verified callers by the digest of their whole token, never of a part of it that another token may share. An entry is
 * used only while its token is valid and its key is still published.
 */
export class CallerMemory {
  readonly #entriesMax: number
  readonly #clock: Clock
  readonly #entries = new Map<string, VerifiedToken>()

  constructor(entriesMax: number, clock: Clock) {
    this.#entriesMax = entriesMax
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  get(digest: string): VerifiedToken | null {
    const entry = this.#entries.get(digest)
    if (entry === undefined) return null
    if (this.isValid(entry)) return entry
    this.#entries.delete(digest)
    return null
  }

  /** True while its token is valid and its key is still published. */
  isValid(entry: VerifiedToken): boolean {
    return this.#clock() < entry.untilMs && !entry.key.withdrawn
  }

  put(digest: string, entry: VerifiedToken): void {
    this.#entries.delete(digest)
    this.#entries.set(digest, entry)
    // A Map iterates in the order of insertion: the oldest are evicted first, for room or because they are expired
    // anyway.
    for (const [oldest, candidate] of this.#entries) {
      if (this.#entries.size <= this.#entriesMax && this.isValid(candidate)) break
      this.#entries.delete(oldest)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}
