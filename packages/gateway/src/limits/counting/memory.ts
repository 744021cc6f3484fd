/**
 * Counters of one process. Everything is synchronous, so nothing can happen between the check and the reservation. When
 * the process crashes, its reservations disappear with it.
 */
import type { Calendar } from './calendar.ts'
import { CounterBook } from './counter-book.ts'
import {
  amountOf,
  type Booking,
  type Claim,
  type Counter,
  type CounterIdentity,
  type CounterReading,
  type CounterStore,
  noClaims,
  type Requested,
  type Reservation,
  type ReserveResult,
  readingOf,
  type Used,
  usedOf,
} from './counters.ts'
import { gaugeOf, TightestGauges } from './gauges.ts'
import type { Moments } from './moments.ts'
import { shortageOf } from './shortage.ts'
import type { Moment } from './tally.ts'

/**
 * Reserving with 4 claims (tokens and requests per minute, tokens per day, calls in flight) and settling it takes 0.18
 * µs of CPU together, 300,000 in a row. Among the other work of a call it is several times that: docs/performance.md,
 * "What limits add".
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

  /** Nearly every call fits, so this reserves in one pass and rolls back on refusal. */
  reserve(claims: readonly Claim[], requested: Requested): ReserveResult {
    const now = this.#moments.now()
    let tokens: Claim | null = null
    let tokensLeft = 0
    let requests: Claim | null = null
    let requestsLeft = 0
    let full: [Claim, ...Claim[]] | null = null
    let shadowed: [Claim, ...Claim[]] | null = null
    for (const claim of claims) {
      const { unit, enforce } = claim
      const amount = amountOf(claim, requested)
      const left = claim.limit - (claim.takes ? claim.own.take(amount, now) : claim.own.sum(now) + amount)
      // An amount of 0 always fits, even where settled calls have exceeded the limit.
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
      for (const claim of claims) if (claim.takes) claim.own.settle(now, amountOf(claim, requested), 0)
      const { tokens, requests } = gaugesOf(claims, now)
      const shortage = shortageOf(full, {
        roomInMs: claim => claim.own.roomInMs(amountOf(claim, requested), claim.limit, now),
        leftOf: claim => claim.limit - claim.own.sum(now),
        nowMs: now.atMs,
        tokens,
        requests,
        state: 'ok',
      })
      return { reservation: null, shortage }
    }
    const reservation: Reservation = {
      claims,
      requested,
      at: now,
      tokens: tokens === null ? null : gaugeOf(tokens, tokensLeft, tokens.own.resetInMs(now)),
      requests: requests === null ? null : gaugeOf(requests, requestsLeft, requests.own.resetInMs(now)),
      shadowed: shadowed ?? noClaims,
      state: 'ok',
    }
    return { reservation, shortage: null }
  }

  forceReserve(claims: readonly Claim[], requested: Requested, atMs: number): Reservation {
    const now = this.#moments.now()
    // As in `restore`, the wall clock decides where an amount from before this process belongs.
    const at = { atMs, steadyMs: now.steadyMs - Math.max(0, now.atMs - atMs) }
    for (const claim of claims) {
      if (claim.takes) claim.own.hold(amountOf(claim, requested), at, now)
    }
    return { claims, requested, at, tokens: null, requests: null, shadowed: noClaims, state: 'ok' }
  }

  settle({ claims, requested, at }: Reservation, used: Used): void {
    for (const claim of claims) if (claim.takes) claim.own.settle(at, amountOf(claim, requested), usedOf(claim, used))
  }

  /** Adds what was used before this process started. */
  restore(bookings: readonly Booking[]): void {
    const now = this.#moments.now()
    for (const { counter, amount, atMs } of bookings) {
      this.#book.live(counter).own.book(amount, { atMs, steadyMs: atMs }, now)
    }
  }

  read(counters: readonly Counter[]): readonly CounterReading[] {
    const now = this.#moments.now()
    return counters.map(({ own, window }) => {
      const sum = own.sum(now)
      return readingOf(sum, own.reserved, window.kind === 'inFlight' ? null : now.atMs + own.resetInMs(now))
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function added(list: [Claim, ...Claim[]] | null, claim: Claim): [Claim, ...Claim[]] {
  if (list === null) return [claim]
  list.push(claim)
  return list
}

function gaugesOf(claims: readonly Claim[], now: Moment): TightestGauges {
  const gauges = new TightestGauges()
  for (const claim of claims) {
    const { own } = claim
    const sum = own.sum(now)
    if (gauges.isTighter(claim, sum)) gauges.add(claim, sum, own.resetInMs(now))
  }
  return gauges
}
