import type { Clock } from '../../clock.ts'
import type { Moment } from './tally.ts'

/** Clocks are corrected by less than this all the time: then time stands still until it has caught up. Milliseconds. */
const correctionMs = 60_000

/** The process's time as tallies need it. A moment is the same object for all who ask while the clock stands, and never changes. */
export class Moments {
  readonly #clock: Clock
  #now: Moment
  #lastMs: number
  #aheadMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastMs = clock()
    this.#now = { atMs: this.#lastMs, steadyMs: this.#lastMs }
  }

  now(): Moment {
    const read = this.#clock()
    if (read !== this.#lastMs) this.#now = this.#moment(read)
    return this.#now
  }

  #moment(read: number): Moment {
    // As long as the clock was set back: sliding windows go on as if it had not been.
    if (read < this.#lastMs) this.#aheadMs += this.#lastMs - read
    this.#lastMs = read
    const { atMs } = this.#now
    return {
      atMs: read > atMs || read < atMs - correctionMs ? read : atMs,
      steadyMs: read + this.#aheadMs,
    }
  }
}
