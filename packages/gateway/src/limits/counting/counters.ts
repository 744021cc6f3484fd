/**
 * Counters, and the port of the store that keeps them: in memory (`memory.ts`), or in Redis for replicas (`redis.ts`). The store knows
 * counters and amounts; which counters a call meets is `rules.ts`'s to say.
 */
import type { LimitName } from '../../config/schema.ts'
import type { Gauge, StoreState } from '../index.ts'
import type { Moment, Tally } from './tally.ts'

/** What a measure counts: tokens, calls, calls under way, or billionths of the currency. */
export type Unit = 'tokens' | 'requests' | 'inFlight' | 'cost'

export type CalendarUnit = 'hour' | 'day' | 'week' | 'month'

/** Over which time amounts are counted together. */
export type WindowFacts =
  /** Any stretch of `lengthMs`. Amounts are booked in steps of `stepMs` and leave when all of their step is older than `lengthMs`. */
  | { readonly kind: 'sliding'; readonly lengthMs: number; readonly stepMs: number }
  /** From a boundary of the calendar in `limits.timeZone` to the next one. */
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit }
  /** What is under way now, however long. */
  | { readonly kind: 'inFlight' }

const second = { kind: 'sliding', lengthMs: 1_000, stepMs: 10 } as const
const minute = { kind: 'sliding', lengthMs: 60_000, stepMs: 500 } as const

/** Every measure, a row each. */
export const measures: Readonly<Record<LimitName, { readonly unit: Unit; readonly window: WindowFacts }>> = {
  tokensPerMinute: { unit: 'tokens', window: minute },
  tokensPerHour: { unit: 'tokens', window: { kind: 'calendar', unit: 'hour' } },
  tokensPerDay: { unit: 'tokens', window: { kind: 'calendar', unit: 'day' } },
  tokensPerWeek: { unit: 'tokens', window: { kind: 'calendar', unit: 'week' } },
  tokensPerMonth: { unit: 'tokens', window: { kind: 'calendar', unit: 'month' } },
  requestsPerSecond: { unit: 'requests', window: second },
  requestsPerMinute: { unit: 'requests', window: minute },
  callsInFlight: { unit: 'inFlight', window: { kind: 'inFlight' } },
  costPerDay: { unit: 'cost', window: { kind: 'calendar', unit: 'day' } },
  costPerMonth: { unit: 'cost', window: { kind: 'calendar', unit: 'month' } },
}

/** What makes a counter the one that it is. */
export interface CounterIdentity {
  /** `BASE:MEASURE`, or `BASE|SUBJECT:MEASURE`. The same in every replica and after a restart. */
  readonly key: string
  /** Name of the rule, or of the counter that rules share. */
  readonly base: string
  /** The counted one, where a rule counts `per` something: caller key, workload, ...; null where all are counted together. */
  readonly subject: string | null
  readonly measure: LimitName
}

export interface Counter extends CounterIdentity {
  readonly unit: Unit
  readonly window: WindowFacts
  /** What this process itself has taken: in memory all there is, beside Redis what is known when it cannot be asked. */
  readonly own: Tally
  /**
   * The sum over all replicas as a shared store last told it, when, and until when that holds (end of a calendar window, 0 for others);
   * null before the first time, and in memory.
   */
  told: { sum: number; atMs: number; endMs: number } | null
  /**
   * True once the store has forgotten it, being idle, as it may with one that has a subject: whoever holds it asks for
   * `counter(identity)` again before the next use.
   */
  isDropped: boolean
  /** Calls refused (or that would have been, in mode shadow) by rule name; null before the first. */
  refused: Map<string, number> | null
}

/** One rule's limit, as one call meets it. Made ready per workload, deployment and caller; never changed. */
export interface Claim {
  readonly counter: Counter
  /** Of the counter, as long as it is not dropped. Here too, so that a call finds all that it needs in one place. */
  readonly own: Tally
  readonly unit: Unit
  readonly limit: number
  /** In digits, as header fields have it. */
  readonly limitText: string
  /** False in mode shadow: it refuses nothing, but is told in `Taken.shadowed`. */
  readonly enforce: boolean
  /** False where another claim of the same list has the same counter: it is checked, and nothing is taken a second time. */
  readonly takes: boolean
  /** Name of the rule, as in `Denial.rule`. */
  readonly rule: string
}

/** What a call asks for; always one request and one call in flight besides. */
export interface Asked {
  readonly tokens: number
  readonly costNano: number
}

/** What a call did use. */
export interface Used extends Asked {
  /** Calls of backends, 0 for one that never was sent: its request is given back. More than one was reserved for are added. */
  readonly calls: number
}

/**
 * What a claim takes. An estimate larger than the whole limit takes the whole limit: such a call passes alone. (Whether it surely
 * needs more is decided before the store is asked.)
 */
export function amountOf(claim: Claim, asked: Asked): number {
  switch (claim.unit) {
    case 'tokens':
      return Math.min(asked.tokens, claim.limit)
    case 'cost':
      return Math.min(asked.costNano, claim.limit)
    case 'requests':
    case 'inFlight':
      return 1
  }
}

/** What stays of a claim's amount when the call has ended. */
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

/** Taken from all counters. Stores extend it with what they need to settle it. */
export interface Taken {
  readonly claims: readonly Claim[]
  readonly asked: Asked
  /** The store's time of taking: chooses window and step in which it is settled. */
  readonly at: Moment
  /** Of the enforced claims; see `Lease.tokens`. */
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  /** Claims in mode shadow that had no room. A shared empty array when there are none. */
  readonly shadowed: readonly Claim[]
  /** How the store fared. With `refuse` nothing is taken at all: see `Short.state`. */
  readonly state: StoreState
}

/** Nothing was taken: an enforced claim had no room, or the store cannot be asked (`state: 'refuse'`, `full` empty). */
export interface Short {
  /** Every enforced claim without room. */
  readonly full: readonly Claim[]
  /** That of `full` which has room last, and when; null with `state: 'refuse'`. */
  readonly worst: Claim | null
  readonly retryAfterMs: number
  /** What is left of `worst`. */
  readonly remaining: number
  /** End of its calendar window, milliseconds since the epoch; null for others, and where only calls under way keep its room. */
  readonly renewsAtMs: number | null
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  readonly state: StoreState
}

export type Outcome = { readonly taken: Taken; readonly short: null } | { readonly taken: null; readonly short: Short }

/** Where a counter stands, over all replicas. */
export interface Standing {
  /** Settled. */
  readonly used: number
  /** Taken by calls that are under way. */
  readonly reserved: number
  /** When some (sliding) or all (calendar) of it is back; null for calls in flight. Milliseconds since the epoch. */
  readonly renewsAtMs: number | null
}

/** An amount that the ledger remembers, for a counter that starts empty. */
export interface Booking {
  readonly counter: Counter
  readonly amount: number
  /** When it was used: chooses step and window. */
  readonly atMs: number
}

export interface CounterStore {
  readonly kind: 'memory' | 'redis'
  readonly state: StoreState
  /** Since when it is down, milliseconds since the epoch; null when it is not. */
  readonly downSinceMs: number | null
  /** The counter of that key, a new one when there is none. */
  counter(identity: CounterIdentity): Counter
  /** Every counter that this process knows and has not dropped. */
  counters(): Iterable<Counter>
  /**
   * Takes from all counters or from none (shadow claims do not decide, and are taken as well). One round trip, or synchronous.
   * @param claims those that do not take before those that do.
   */
  reserve(claims: readonly Claim[], asked: Asked): Outcome | Promise<Outcome>
  /**
   * Takes from all counters whether or not they have room: what was admitted once stays reserved. Never waits.
   * @param atMs when it was admitted, milliseconds since the epoch: chooses step and window.
   */
  take(claims: readonly Claim[], asked: Asked, atMs: number): Taken
  /** Corrects what was taken to what was used, in the step and window of its taking. Never waits, never throws; once per `Taken`. */
  settle(taken: Taken, used: Used): void
  read(counters: readonly Counter[]): readonly Standing[] | Promise<readonly Standing[]>
  close(): Promise<void>
}

/** Asks the ledger what this process (its ledger) has used in the windows that run now, as bookings for counters. */
export type Remembered = () => Promise<readonly Booking[]>
