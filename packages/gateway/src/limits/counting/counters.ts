/**
 * Counters, and the port of the store that keeps them: in memory (`memory.ts`), or in Redis for replicas
 * (`redis/counters.ts`). The store knows counters and amounts only; `rules/claims.ts` decides which counters a call
 * meets.
 */
import type { LimitName } from '../../config/schema/index.ts'
import type { Gauge, StoreState } from '../index.ts'
import type { Unit, WindowFacts } from './measures.ts'
import type { Moment, Tally } from './tally.ts'

/** The facts that identify a counter. */
export interface CounterIdentity {
  /** `BASE:MEASURE`, or `BASE|SUBJECT:MEASURE`. The same in every replica and after a restart. */
  readonly key: string
  /** Name of the rule, or of the counter that rules share. */
  readonly base: string
  /** For a `per` rule, the one that is counted: caller key, workload, ...; null where all are counted together. */
  readonly subject: string | null
  readonly measure: LimitName
}

export interface Counter extends CounterIdentity {
  readonly unit: Unit
  readonly window: WindowFacts
  /**
   * Amounts that this process counted: all of them for the memory store; with Redis, those known while Redis is down.
   */
  readonly own: Tally
  /**
   * The sum over all replicas that a shared store reported last, the time of that report, and the end of the calendar
   * window it is for (0 for other windows); null before the first report, and in memory.
   */
  lastReported: { sum: number; atMs: number; endMs: number } | null
  /**
   * True after the store has dropped the counter because it was idle. The store may do that only with counters that
   * have a subject. A holder of the counter must then call `counter(identity)` again before the next use.
   */
  isDropped: boolean
  /** Calls refused (in mode shadow: that would have been), by rule name; null before the first. */
  refused: Map<string, number> | null
}

/** One rule's limit, as one call meets it. Prepared per workload, deployment and caller; never changed. */
export interface Claim {
  readonly counter: Counter
  /** The counter's own tally, valid until the counter is dropped. A copy here saves the call one look-up. */
  readonly own: Tally
  readonly unit: Unit
  readonly limit: number
  /** In digits, ready for header fields. */
  readonly limitText: string
  /** False in mode shadow: the claim refuses nothing, but is listed in `Reservation.shadowed`. */
  readonly enforce: boolean
  /**
   * False where another claim of the same list has the same counter: this one is checked, but adds nothing a second
   * time.
   */
  readonly takes: boolean
  /** Name of the rule, as in `RuleDenial.rule`. */
  readonly rule: string
}

/** One empty list for all calls that have none. */
export const noClaims: readonly Claim[] = []

/** Amounts that a call asks for. It also counts as one request and as one call in flight. */
export interface Requested {
  readonly tokens: number
  readonly costNano: number
}

/** Amounts that a call used. */
export interface Used extends Requested {
  /**
   * Number of backend calls. 0 for a call that was never sent: its request is refunded. Beyond the one that was
   * reserved they are added.
   */
  readonly calls: number
}

/**
 * The amount that a claim reserves. An estimate larger than the whole limit reserves the whole limit: such a call
 * passes when it is alone. (Calls that certainly need more are refused before the store is called.)
 */
export function amountOf(claim: Claim, requested: Requested): number {
  switch (claim.unit) {
    case 'tokens':
      return Math.min(requested.tokens, claim.limit)
    case 'cost':
      return Math.min(requested.costNano, claim.limit)
    case 'requests':
    case 'inFlight':
      return 1
  }
}

/** The part of a claim's amount that stays counted after the call has ended. */
export function usedOf(claim: Claim, used: Used): number {
  switch (claim.unit) {
    case 'tokens':
      return used.tokens
    case 'cost':
      return used.costNano
    case 'requests':
      return used.calls
    case 'inFlight':
      return 0
  }
}

/** Amounts reserved with all counters of a list. Stores extend it with what they need to settle it. */
export interface Reservation {
  readonly claims: readonly Claim[]
  readonly requested: Requested
  /** Time of the reservation by the store's clock. It determines the window and step that the call is settled in. */
  readonly at: Moment
  /** The tightest of the enforced claims; see `Lease.tokens`. */
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  /** Claims in mode shadow that had no room. A shared empty array when there are none. */
  readonly shadowed: readonly Claim[]
  /** Health of the store. Never `refuse`: then nothing is reserved at all. */
  readonly state: StoreState
}

/** The reason why nothing was reserved. */
export type Shortage = RoomShortage | StoreShortage

/** At least one enforced claim had no room. */
export interface RoomShortage {
  readonly kind: 'room'
  /** Every enforced claim without room; at least one. */
  readonly full: readonly Claim[]
  /** The claim of `full` that will have room last. */
  readonly worst: Claim
  /** Time until `worst` has room, in ms. */
  readonly retryAfterMs: number
  /** Free part of the limit of `worst`. */
  readonly remaining: number
  /**
   * End of its calendar window, in ms since the epoch; null for others, and where only calls in flight take its room.
   */
  readonly renewsAtMs: number | null
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  readonly state: StoreState
}

/** The store is down, and the configuration says `whenStoreIsDown: refuse`. */
export interface StoreShortage {
  readonly kind: 'store'
}

/** The one value of `StoreShortage`. */
export const storeShortage: StoreShortage = { kind: 'store' }

export type ReserveResult =
  | { readonly reservation: Reservation; readonly shortage: null }
  | { readonly reservation: null; readonly shortage: Shortage }

/** Amounts of a counter, over all replicas. */
export interface CounterReading {
  /** Settled. */
  readonly used: number
  /** Reserved by calls in flight. */
  readonly reserved: number
  /**
   * Time when some (sliding) or all (calendar) of it is free again, in ms since the epoch; null for calls in flight.
   */
  readonly renewsAtMs: number | null
}

/** @param reserved Calls that run longer than the window are in it and no longer in `sum`. */
export function readingOf(sum: number, reserved: number, renewsAtMs: number | null): CounterReading {
  return { used: Math.max(0, sum - reserved), reserved: Math.min(sum, reserved), renewsAtMs }
}

/** An amount from the ledger, for a counter that starts empty. */
export interface Booking {
  readonly counter: Counter
  readonly amount: number
  /** Time of the use. It determines the step and window. */
  readonly atMs: number
}

export interface CounterStore {
  readonly kind: 'memory' | 'redis'
  readonly state: StoreState
  /** Start of the outage, in ms since the epoch; null when the store is up. */
  readonly downSinceMs: number | null
  /** The counter with that key. Creates it when there is none. */
  counter(identity: CounterIdentity): Counter
  /** Every counter that this process knows and has not dropped. */
  counters(): Iterable<Counter>
  /**
   * Reserves with all counters or with none (shadow claims decide nothing, but are reserved too). Synchronous, or one
   * round trip.
   * @param claims Those with `takes: false` before the others.
   */
  reserve(claims: readonly Claim[], requested: Requested): ReserveResult | Promise<ReserveResult>
  /**
   * Reserves with all counters whether or not they have room: a call that was once admitted stays reserved. Never
   * waits.
   * @param atMs Time of the admission, in ms since the epoch: determines step and window.
   */
  forceReserve(claims: readonly Claim[], requested: Requested, atMs: number): Reservation
  /**
   * Corrects the reserved amounts to what was used, in the step and window of the reservation. Never waits, never
   * throws; once per reservation.
   */
  settle(reservation: Reservation, used: Used): void
  read(counters: readonly Counter[]): readonly CounterReading[] | Promise<readonly CounterReading[]>
  close(): Promise<void>
}
