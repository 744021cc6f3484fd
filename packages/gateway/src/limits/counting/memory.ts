/**
 * Counters of one process. Everything is synchronous, so that nothing comes between looking and taking; a crash takes what was
 * reserved along with the process.
 */
import type { Calendar } from './calendar.ts'
import {
  type Asked,
  amountOf,
  type Booking,
  type Claim,
  type Counter,
  type CounterIdentity,
  type CounterStore,
  measures,
  type Outcome,
  type Short,
  type Standing,
  type Taken,
  type Used,
  usedOf,
} from './counters.ts'
import { GaugesSoFar, gaugeOf } from './gauges.ts'
import type { Moments } from './moments.ts'
import { type Moment, Tally } from './tally.ts'
import { untilSettledMs, windowFor } from './windows.ts'

/** Counters before the first look for idle ones. */
const countersAtFirst = 256
const noClaims: readonly Claim[] = []

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
    const told = null
    const counter: Counter = { key, base, subject, measure, unit, window, own, told, isDropped: false, refused: null }
    this.#byKey.set(key, counter)
    return counter
  }

  /** The counter itself, or what stands for it now when it was dropped meanwhile. */
  live(counter: Counter): Counter {
    return counter.isDropped ? this.get(counter) : counter
  }

  values(): Iterable<Counter> {
    return this.#byKey.values()
  }

  /**
   * Forgets counters of single callers and the like that nothing is left in. It happens when their number has doubled, so that a
   * call pays for it next to nothing, and memory holds at most twice what is in use.
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

/**
 * Reserving with 4 claims (tokens and requests per minute, tokens per day, calls in flight) and settling it takes 0.18 µs of CPU together,
 * 300,000 in a row. Among the other work of a call it is several times that: docs/performance.md, "What limits add".
 */
export class MemoryStore implements CounterStore {
  readonly kind = 'memory'
  readonly state = 'ok'
  readonly downSinceMs = null
  readonly #book: CounterBook
  readonly #moments: Moments

  constructor(calendar: Calendar, moments: Moments) {
    this.#book = new CounterBook(calendar, moments)
    this.#moments = moments
  }

  counter(identity: CounterIdentity): Counter {
    return this.#book.get(identity)
  }

  counters(): Iterable<Counter> {
    return this.#book.values()
  }

  /** Nearly every call fits: it takes while it looks, and what does not fit is given back. */
  reserve(claims: readonly Claim[], asked: Asked): Outcome {
    const now = this.#moments.now()
    let tokens: Claim | null = null
    let tokensLeft = 0
    let requests: Claim | null = null
    let requestsLeft = 0
    let full: Claim[] | null = null
    let shadowed: Claim[] | null = null
    for (const claim of claims) {
      const { unit, enforce } = claim
      const amount = amountOf(claim, asked)
      const left = claim.limit - (claim.takes ? claim.own.take(amount, now) : claim.own.sum(now) + amount)
      // What asks for nothing always fits, even where settling has gone beyond the limit.
      if (left < 0 && amount > 0) {
        if (enforce) full = added(full, claim)
        else shadowed = added(shadowed, claim)
      } else if (enforce && unit === 'tokens' && (tokens === null || left < tokensLeft)) {
        tokens = claim
        tokensLeft = left
      } else if (enforce && unit === 'requests' && (requests === null || left < requestsLeft)) {
        requests = claim
        requestsLeft = left
      }
    }
    if (full !== null) {
      for (const claim of claims) if (claim.takes) claim.own.settle(now, amountOf(claim, asked), 0)
      return { taken: null, short: shortOf(claims, full, asked, now) }
    }
    const taken: Taken = {
      claims,
      asked,
      at: now,
      tokens: tokens === null ? null : gaugeOf(tokens, tokensLeft, tokens.own.resetInMs(now)),
      requests: requests === null ? null : gaugeOf(requests, requestsLeft, requests.own.resetInMs(now)),
      shadowed: shadowed ?? noClaims,
      state: 'ok',
    }
    return { taken, short: null }
  }

  take(claims: readonly Claim[], asked: Asked, atMs: number): Taken {
    const now = this.#moments.now()
    // As `restore` does: what began before this process is placed by the wall clock.
    const at = { atMs, steadyMs: now.steadyMs - Math.max(0, now.atMs - atMs) }
    for (const claim of claims) {
      if (claim.takes) claim.own.hold(amountOf(claim, asked), at, now)
    }
    return { claims, asked, at, tokens: null, requests: null, shadowed: noClaims, state: 'ok' }
  }

  settle({ claims, asked, at }: Taken, used: Used): void {
    for (const claim of claims) if (claim.takes) claim.own.settle(at, amountOf(claim, asked), usedOf(claim, used))
  }

  /** Adds what was used before this process began. */
  restore(bookings: readonly Booking[]): void {
    const now = this.#moments.now()
    for (const { counter, amount, atMs } of bookings) {
      this.#book.live(counter).own.book(amount, { atMs, steadyMs: atMs }, now)
    }
  }

  read(counters: readonly Counter[]): readonly Standing[] {
    const now = this.#moments.now()
    return counters.map(({ own, window }) => {
      const sum = own.sum(now)
      const resetInMs = own.resetInMs(now)
      // Calls that have been under way for longer than the window are no part of it any more.
      const reserved = Math.min(own.reserved, sum)
      return {
        used: sum - reserved,
        reserved,
        renewsAtMs: window.kind === 'inFlight' ? null : now.atMs + resetInMs,
      }
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function added(list: Claim[] | null, claim: Claim): Claim[] {
  if (list === null) return [claim]
  list.push(claim)
  return list
}

function shortOf(claims: readonly Claim[], full: readonly Claim[], asked: Asked, now: Moment): Short {
  let worst: Claim | null = null
  let retryAfterMs = 0
  for (const claim of full) {
    const room = claim.own.roomInMs(amountOf(claim, asked), claim.limit, now)
    if (worst !== null && room <= retryAfterMs) continue
    worst = claim
    retryAfterMs = room
  }
  const gauges = gaugesOf(claims, now)
  const isSpent = worst?.counter.window.kind === 'calendar' && retryAfterMs > untilSettledMs
  return {
    full,
    worst,
    retryAfterMs,
    remaining: worst === null ? 0 : Math.max(0, worst.limit - worst.own.sum(now)),
    renewsAtMs: isSpent ? now.atMs + retryAfterMs : null,
    tokens: gauges.tokens,
    requests: gauges.requests,
    state: 'ok',
  }
}

function gaugesOf(claims: readonly Claim[], now: Moment): GaugesSoFar {
  const gauges = new GaugesSoFar()
  for (const claim of claims) {
    const { own } = claim
    const sum = own.sum(now)
    if (gauges.isTighter(claim, sum)) gauges.add(claim, sum, own.resetInMs(now))
  }
  return gauges
}
