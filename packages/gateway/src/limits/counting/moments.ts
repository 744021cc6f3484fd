import type { Clock } from '../../clock.ts'
import type { Moment } from './tally.ts'

/** Clocks are often corrected by less than this: then wall time stands still until the clock has caught up. In ms. */
const correctionMs = 60_000

/**
 * The process's time in the form that tallies need. Returns the same, unchanging object as long as the clock shows the
 * same time.
 */
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
    // When the clock was set back, the steady time continues as if it had not been.
    if (read < this.#lastMs) this.#aheadMs += this.#lastMs - read
    this.#lastMs = read
    const { atMs } = this.#now
    return {
      atMs: read > atMs || read < atMs - correctionMs ? read : atMs,
      steadyMs: read + this.#aheadMs,
    }
  }
}
