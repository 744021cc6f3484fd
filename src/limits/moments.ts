import type { Clock } from '../clock.ts'
import type { Moment } from './tally.ts'

/** Clocks are corrected by less than this all the time: then time stands still until it has caught up. Milliseconds. */
const correctionMs = 60_000

/** The process's time as tallies need it. Each call of `now` gives the same object, changed: copy what must last. */
export class Moments {
  readonly #clock: Clock
  readonly #now = { atMs: 0, steadyMs: 0 }
  #lastMs: number
  #aheadMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastMs = clock()
    this.#now.atMs = this.#lastMs
  }

  now(): Moment {
    const read = this.#clock()
    // As long as the clock was set back: sliding windows go on as if it had not been.
    if (read < this.#lastMs) this.#aheadMs += this.#lastMs - read
    this.#lastMs = read
    const now = this.#now
    if (read > now.atMs || read < now.atMs - correctionMs) now.atMs = read
    now.steadyMs = read + this.#aheadMs
    return now
  }
}
