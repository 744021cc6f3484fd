import type { Scheduler } from '../scheduler.ts'

/** Notices a write or sync that does not end. */
export class SlowWatch {
  readonly #msMax: number
  readonly #onSlow: (ms: number) => void
  /** Beginnings of what is under way, oldest first, on the process's monotonic clock. */
  readonly #running = new Set<{ readonly sinceMs: number }>()
  readonly stop: () => void

  /** @param msMax longest time of a write. @param onSlow called at each look while one takes longer. */
  constructor(msMax: number, scheduler: Scheduler, onSlow: (ms: number) => void) {
    this.#msMax = msMax
    this.#onSlow = onSlow
    this.stop = scheduler(msMax / 4, async () => this.#look())
  }

  async watch<T>(work: Promise<T>): Promise<T> {
    const running = { sinceMs: performance.now() }
    this.#running.add(running)
    try {
      return await work
    } finally {
      this.#running.delete(running)
    }
  }

  #look(): void {
    const [oldest] = this.#running
    if (oldest === undefined) return
    const ms = performance.now() - oldest.sinceMs
    if (ms > this.#msMax) this.#onSlow(ms)
  }
}
