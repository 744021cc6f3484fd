import type { Calendar } from './calendar.ts'
import type { Counter, CounterIdentity } from './counters.ts'
import { measures } from './measures.ts'
import type { Moments } from './moments.ts'
import { Tally } from './tally.ts'
import { windowFor } from './windows.ts'

/** Number of counters at which idle ones are first looked for. */
const countersAtFirst = 256

/** The counters of one process by key. */
export class CounterBook {
  readonly #byKey = new Map<string, Counter>()
  readonly #calendar: Calendar
  readonly #moments: Moments
  #sweepAt = countersAtFirst

  constructor(calendar: Calendar, moments: Moments) {
    this.#calendar = calendar
    this.#moments = moments
  }

  get(identity: CounterIdentity): Counter {
    const found = this.#byKey.get(identity.key)
    if (found !== undefined) return found
    if (this.#byKey.size >= this.#sweepAt) this.dropIdle()
    const { unit, window } = measures[identity.measure]
    const { key, base, subject, measure } = identity
    const own = new Tally(windowFor(window, this.#calendar))
    const lastReported = null
    const counter: Counter = {
      key,
      base,
      subject,
      measure,
      unit,
      window,
      own,
      lastReported,
      isDropped: false,
      refused: null,
    }
    this.#byKey.set(key, counter)
    return counter
  }

  /** The counter itself, or its replacement when it was dropped. */
  live(counter: Counter): Counter {
    return counter.isDropped ? this.get(counter) : counter
  }

  values(): Iterable<Counter> {
    return this.#byKey.values()
  }

  /**
   * Drops empty counters that have a subject (single callers and the like). Runs when the number of counters has
   * doubled, so that it costs each call almost nothing, and memory holds at most twice the counters in use.
   */
  dropIdle(): void {
    const now = this.#moments.now()
    for (const counter of this.#byKey.values()) {
      if (counter.subject === null || !counter.own.isIdle(now)) continue
      counter.isDropped = true
      this.#byKey.delete(counter.key)
    }
    this.#sweepAt = Math.max(countersAtFirst, this.#byKey.size * 2)
  }
}
