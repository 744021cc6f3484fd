/** What one process lets pass by itself while Redis cannot be asked. */
import type { Asked, Claim, Counter, Outcome, Short } from '../counting/counters.ts'
import { amountOf } from '../counting/counters.ts'
import { GaugesSoFar } from '../counting/gauges.ts'
import type { Moment } from '../counting/tally.ts'
import { untilSettledMs } from '../counting/windows.ts'
import type { StoreState } from '../index.ts'

/** Where a counter stood when Redis went away: what was used here, and by all as last told; null when nobody told, or it is too long ago. */
interface Before {
  readonly own: number
  readonly all: number | null
  /** End of the calendar window that it was about; infinite for others. */
  readonly endMs: number
}

/** Calls in flight have no window: after so long, those of before are taken to have ended. */
const inFlightMs = 60_000
/** Replicas do not lose Redis in the same instant. */
const slackMs = 2_000

/**
 * Shares of limits during one outage. At first a replica has what it has used itself and its part of what was left: together, replicas have the
 * limit. That may leave one with nothing for long, so shares become equal in two steps: after a window the large ones shrink, and after
 * another the small ones grow, when nothing is left in the window of what was used before.
 */
export class Shares {
  readonly #replicas: number
  readonly #sinceMs: number
  readonly #before = new Map<Counter, Before>()

  constructor(replicas: number, sinceMs: number) {
    this.#replicas = Math.max(1, replicas)
    this.#sinceMs = sinceMs
  }

  /** What this process may use in all of the counter's window, before it is rounded down. */
  of(counter: Counter, limit: number, now: Moment): number {
    const equal = Math.floor(limit / this.#replicas)
    const { own, all, endMs } = this.#beforeOf(counter, now)
    if (all === null || now.atMs >= endMs) return equal
    const rest = own + Math.floor(Math.max(0, limit - all) / this.#replicas)
    const { window } = counter
    if (window.kind === 'calendar') return rest
    const turns = (now.atMs - this.#sinceMs) / ((window.kind === 'sliding' ? window.lengthMs : inFlightMs) + slackMs)
    if (turns < 1) return rest
    return turns < 2 ? Math.min(rest, equal) : equal
  }

  #beforeOf(counter: Counter, now: Moment): Before {
    let before = this.#before.get(counter)
    if (before === undefined) {
      before = { own: counter.own.sum(now), all: toldOf(counter, now), endMs: endOf(counter, now) }
      this.#before.set(counter, before)
    }
    return before
  }
}

function toldOf({ told, window }: Counter, now: Moment): number | null {
  if (told === null) return null
  if (window.kind === 'sliding') return now.atMs - told.atMs > window.lengthMs ? null : told.sum
  return window.kind === 'calendar' && told.endMs <= now.atMs ? null : told.sum
}

function endOf({ told, window }: Counter, now: Moment): number {
  return window.kind === 'calendar' ? (told?.endMs ?? now.atMs) : Number.POSITIVE_INFINITY
}

/** Everything may pass. */
const noShares = { of: () => Number.POSITIVE_INFINITY }

export interface Local {
  readonly mode: Exclude<StoreState, 'ok'>
  readonly shares: Shares
}

/** Nothing was taken, because nobody could be asked. */
export const refusedWithoutStore: Outcome = {
  taken: null,
  short: {
    full: [],
    worst: null,
    retryAfterMs: 1_000,
    remaining: 0,
    renewsAtMs: null,
    tokens: null,
    requests: null,
    state: 'refuse',
  },
}

/** What may be taken without Redis. */
export interface LocalDecision {
  readonly short: Short | null
  readonly shadowed: readonly Claim[]
  readonly gauges: GaugesSoFar
}

/** Decides by what this process knows; takes nothing. */
export function decide(claims: readonly Claim[], asked: Asked, { mode, shares }: Local, now: Moment): LocalDecision {
  const share = mode === 'local' ? shares : noShares
  const full: Claim[] = []
  const shadowed: Claim[] = []
  const gauges = new GaugesSoFar()
  for (const claim of claims) {
    const { own } = claim.counter
    const amount = amountOf(claim, asked)
    const sum = own.sum(now)
    const most = share.of(claim.counter, claim.limit, now)
    const fits = amount === 0 || sum + amount <= most
    if (!fits) (claim.enforce ? full : shadowed).push(claim)
    // As if what others may use were used.
    const seen = Math.max(0, claim.limit - Math.min(claim.limit, most)) + sum
    if (gauges.isTighter(claim, seen)) gauges.add(claim, seen, own.resetInMs(now))
  }
  return { short: full.length === 0 ? null : shortOf(full, asked, share, mode, gauges, now), shadowed, gauges }
}

function shortOf(
  full: readonly Claim[],
  asked: Asked,
  share: Pick<Shares, 'of'>,
  state: StoreState,
  gauges: GaugesSoFar,
  now: Moment,
): Short {
  let worst: Claim | null = null
  let retryAfterMs = 0
  for (const claim of full) {
    const room = claim.counter.own.roomInMs(amountOf(claim, asked), share.of(claim.counter, claim.limit, now), now)
    if (worst !== null && room <= retryAfterMs) continue
    worst = claim
    retryAfterMs = room
  }
  const isSpent = worst?.counter.window.kind === 'calendar' && retryAfterMs > untilSettledMs
  const left = worst === null ? 0 : share.of(worst.counter, worst.limit, now) - worst.counter.own.sum(now)
  return {
    full,
    worst,
    retryAfterMs,
    remaining: Math.max(0, left),
    renewsAtMs: isSpent ? now.atMs + retryAfterMs : null,
    tokens: gauges.tokens,
    requests: gauges.requests,
    state,
  }
}
