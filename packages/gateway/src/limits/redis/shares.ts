import type { Counter } from '../counting/counters.ts'
import type { Moment } from '../counting/tally.ts'

/** A counter at the start of an outage. */
interface SumBefore {
  /** Used by this process. */
  readonly own: number
  /** Used by all replicas, as last reported; null without a report, or when the report is too old. */
  readonly all: number | null
  /** End of the calendar window that the sums are for; infinite for other windows. */
  readonly endMs: number
}

/** Calls in flight have no window: calls from before the outage are assumed to have ended after this time. In ms. */
const inFlightMs = 60_000
/** Replicas do not lose Redis at the same instant. In ms. */
const slackMs = 2_000

/**
 * Shares of limits during one outage. At first the share of a replica is what it has used itself, plus its part of what
 * was left: together the replicas have the limit. This may leave a replica with nothing for long, so shares become
 * equal in two steps. After one window the large shares shrink; after a second one the small shares grow, because by
 * then nothing from before the outage is left in the window.
 */
export class Shares {
  readonly #replicas: number
  readonly #sinceMs: number
  readonly #before = new Map<Counter, SumBefore>()

  constructor(replicas: number, sinceMs: number) {
    this.#replicas = Math.max(1, replicas)
    this.#sinceMs = sinceMs
  }

  /** The amount that this process may use in the counter's whole window. */
  of(counter: Counter, limit: number, now: Moment): number {
    const equal = Math.floor(limit / this.#replicas)
    const { own, all, endMs } = this.#beforeOf(counter, now)
    if (all === null || now.atMs >= endMs) return equal
    const first = own + Math.floor(Math.max(0, limit - all) / this.#replicas)
    const { window } = counter
    if (window.kind === 'calendar') return first
    const windows = (now.atMs - this.#sinceMs) / ((window.kind === 'sliding' ? window.lengthMs : inFlightMs) + slackMs)
    if (windows < 1) return first
    return windows < 2 ? Math.min(first, equal) : equal
  }

  #beforeOf(counter: Counter, now: Moment): SumBefore {
    let before = this.#before.get(counter)
    if (before === undefined) {
      before = { own: counter.own.sum(now), all: reportedSum(counter, now), endMs: endOf(counter, now) }
      this.#before.set(counter, before)
    }
    return before
  }
}

function reportedSum({ lastReported, window }: Counter, now: Moment): number | null {
  if (lastReported === null) return null
  if (window.kind === 'sliding') {
    return now.atMs - lastReported.atMs > window.lengthMs ? null : lastReported.sum
  }
  return window.kind === 'calendar' && lastReported.endMs <= now.atMs ? null : lastReported.sum
}

function endOf({ lastReported, window }: Counter, now: Moment): number {
  return window.kind === 'calendar' ? (lastReported?.endMs ?? now.atMs) : Number.POSITIVE_INFINITY
}
