import type { Clock } from '../clock.ts'

/**
 * A map that drops entries after a fixed time, and the oldest ones when it is full, so that no repeated request fills
 * the memory. All entries live equally long, so the order of insertion is the order of expiry.
 */
export class Expiring<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly forgetAtMs: number }>()
  readonly #keepMs: number
  readonly #entriesMax: number
  readonly #clock: Clock

  constructor(keepMs: number, entriesMax: number, clock: Clock) {
    this.#keepMs = keepMs
    this.#entriesMax = entriesMax
    this.#clock = clock
  }

  put(key: string, value: Value): void {
    this.#forget()
    this.#entries.set(key, { value, forgetAtMs: this.#clock() + this.#keepMs })
  }

  get(key: string): Value | null {
    const entry = this.#entries.get(key)
    return entry === undefined || entry.forgetAtMs <= this.#clock() ? null : entry.value
  }

  #forget(): void {
    const now = this.#clock()
    for (const [key, { forgetAtMs }] of this.#entries) {
      if (forgetAtMs > now && this.#entries.size < this.#entriesMax) return
      this.#entries.delete(key)
    }
  }
}
