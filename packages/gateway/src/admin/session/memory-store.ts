/** Sessions in the memory of this process: a restart ends them. */
import type { Clock } from '../../clock.ts'
import type { SessionStore } from './index.ts'

/** Names for `isFirst`. Beyond it, the oldest is forgotten early; the sign-in service takes each code once anyway. */
const namesMax = 10_000

interface Kept {
  sealed: Buffer
  endsAtMs: number
}

export class MemorySessions implements SessionStore {
  /** In the order in which they were touched, the newest last. */
  readonly #kept = new Map<string, Kept>()
  readonly #seen = new Map<string, number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async put(name: string, sealed: Buffer, { idleMs, most }: { idleMs: number; most: number }): Promise<void> {
    this.#dropEnded()
    this.#kept.set(name, { sealed, endsAtMs: this.#clock() + idleMs })
    dropOldest(this.#kept, most)
  }

  async touch(name: string, idleMs: number): Promise<Buffer | null> {
    const kept = this.#kept.get(name)
    if (kept === undefined) return null
    this.#kept.delete(name)
    if (kept.endsAtMs <= this.#clock()) return null
    kept.endsAtMs = this.#clock() + idleMs
    this.#kept.set(name, kept)
    return kept.sealed
  }

  async has(name: string): Promise<boolean> {
    return (this.#kept.get(name)?.endsAtMs ?? 0) > this.#clock()
  }

  async replace(name: string, sealed: Buffer): Promise<void> {
    const kept = this.#kept.get(name)
    if (kept !== undefined) kept.sealed = sealed
  }

  async remove(name: string): Promise<void> {
    this.#kept.delete(name)
  }

  async isFirst(name: string, withinMs: number): Promise<boolean> {
    const nowMs = this.#clock()
    const untilMs = this.#seen.get(name)
    if (untilMs !== undefined && untilMs > nowMs) return false
    this.#seen.delete(name)
    this.#seen.set(name, nowMs + withinMs)
    dropOldest(this.#seen, namesMax)
    return true
  }

  #dropEnded(): void {
    const nowMs = this.#clock()
    for (const [name, { endsAtMs }] of this.#kept) {
      if (endsAtMs > nowMs) return
      this.#kept.delete(name)
    }
  }
}

/** The oldest entries are first. */
function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const name of map.keys()) {
    if (map.size <= most) return
    map.delete(name)
  }
}
