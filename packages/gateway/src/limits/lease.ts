import type { Claim, CounterStore, Requested, Reservation, ReserveResult, Used } from './counting/counters.ts'
import { impossibleDenial, ofShortage, reportReserved } from './denials.ts'
import type { Ask, Denial, Gauge, KeptReservation, Lease, LimitsObserver, Spent, StoreState } from './index.ts'
import type { WaitingLine } from './line.ts'
import type { ScopeLimits } from './rules/rule-book.ts'

/** Parts that all leases share. */
export interface LeaseParts {
  readonly store: CounterStore
  readonly observer: LimitsObserver
  readonly line: WaitingLine
}

const onlyTheCall: Spent = { tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null }
const nothingUsed: Used = { tokens: 0, costNano: 0, calls: 0 }

export class OpenLease implements Lease {
  readonly ask: Ask
  readonly waitedMs: number | null
  readonly #parts: LeaseParts
  readonly #limits: ScopeLimits
  /** Null when no rule applied. */
  readonly #reservation: Reservation | null
  #atInstance: Reservation | null = null
  #isSettled = false

  constructor(
    parts: LeaseParts,
    limits: ScopeLimits,
    ask: Ask,
    reservation: Reservation | null,
    waitedMs: number | null,
  ) {
    this.#parts = parts
    this.#limits = limits
    this.ask = ask
    this.#reservation = reservation
    this.waitedMs = waitedMs
  }

  get tokens(): Gauge | null {
    return this.#reservation === null ? null : this.#reservation.tokens
  }

  get requests(): Gauge | null {
    return this.#reservation === null ? null : this.#reservation.requests
  }

  get store(): StoreState {
    return this.#reservation === null ? 'ok' : this.#reservation.state
  }

  enter(instance: string, deployment: string | null): Denial | null | Promise<Denial | null> {
    if (!this.#limits.meetsInstances || this.#isSettled) return null
    this.#leaveInstance()
    const list = this.#limits.claimsAt(instance, deployment, this.ask.caller)
    const { claims } = list
    if (claims.length === 0) return null
    const never = impossibleDenial(list, this.ask, this.#parts.observer)
    if (never !== null) return never
    const result = this.#parts.store.reserve(claims, this.ask)
    return result instanceof Promise ? result.then(found => this.#entered(found)) : this.#entered(result)
  }

  #entered({ reservation, shortage }: ReserveResult): Denial | null {
    const { store, observer } = this.#parts
    if (shortage !== null) return ofShortage(shortage, this.ask, observer)
    // The call was settled while the store answered: refund now, since nothing would do so later.
    if (this.#isSettled) store.settle(reservation, nothingUsed)
    else this.#atInstance = reservation
    reportReserved(reservation, observer)
    return null
  }

  #leaveInstance(): void {
    if (this.#atInstance === null) return
    this.#parts.store.settle(this.#atInstance, nothingUsed)
    this.#atInstance = null
    this.#parts.line.nudge()
  }

  keep(): KeptReservation | null {
    if (this.#isSettled) return null
    const { store } = this.#parts
    const kept = [this.#reservation, this.#atInstance].flatMap(one => {
      // Reserved before the call is settled, so that no call in between takes the room.
      const lasting = one === null ? null : reserveLasting(store, one.claims, one.requested, one.at.atMs)
      return lasting ?? []
    })
    this.settle(onlyTheCall)
    return new KeptLease(this.#parts, this.#limits, this.ask, kept)
  }

  settle(spent: Spent): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { store, line } = this.#parts
    if (this.#reservation !== null) store.settle(this.#reservation, spent)
    if (this.#atInstance !== null) store.settle(this.#atInstance, spent)
    this.#limits.learn(this.ask, spent)
    line.nudge()
  }
}

/** Tokens and cost of a call whose work goes on after it. */
export class KeptLease implements KeptReservation {
  readonly #parts: LeaseParts
  readonly #limits: ScopeLimits
  /** Null for a call that was admitted elsewhere: it teaches the estimates nothing. */
  readonly #ask: Ask | null
  readonly #reservations: readonly Reservation[]
  #isSettled = false

  constructor(parts: LeaseParts, limits: ScopeLimits, ask: Ask | null, reservations: readonly Reservation[]) {
    this.#parts = parts
    this.#limits = limits
    this.#ask = ask
    this.#reservations = reservations
  }

  settle(spent: Spent): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { store, line } = this.#parts
    for (const reservation of this.#reservations) store.settle(reservation, spent)
    if (this.#ask !== null) this.#limits.learn(this.#ask, spent)
    line.nudge()
  }
}

/** Reserves the claims on tokens and cost among these; null when there are none. */
export function reserveLasting(
  store: CounterStore,
  claims: readonly Claim[],
  requested: Requested,
  atMs: number,
): Reservation | null {
  const lasting = claims.filter(({ unit, takes }) => takes && (unit === 'tokens' || unit === 'cost'))
  return lasting.length === 0 ? null : store.forceReserve(lasting, requested, atMs)
}
