import { type Claim, noClaims, type Requested, type Reservation } from '../counting/counters.ts'
import type { Moment } from '../counting/tally.ts'
import type { Gauge, StoreState } from '../index.ts'

/**
 * The name under which a process holds leases, and its keys. A process that was given up takes a new name, so that old
 * and new leases stay apart.
 */
export interface Holder {
  readonly id: string
  /** Key of its leases. */
  readonly leases: string
  /** Key of the mark that it was given up. */
  readonly givenUp: string
  /** Key of the number that it booked last. */
  readonly lastBooked: string
}

export class SharedReservation implements Reservation {
  readonly claims: readonly Claim[]
  readonly requested: Requested
  readonly at: Moment
  readonly lease: string
  /** The slot of each claim's amount: number of the step, or end of the window; 0 for calls in flight. */
  readonly slots: readonly number[]
  holder: Holder
  /** True when Redis knows the lease, or is sent it next. */
  isReported: boolean
  tokens: Gauge | null = null
  requests: Gauge | null = null
  shadowed: readonly Claim[] = noClaims
  state: StoreState = 'ok'

  constructor(
    lease: string,
    holder: Holder,
    claims: readonly Claim[],
    requested: Requested,
    atMs: number,
    slots: number[],
  ) {
    this.lease = lease
    this.holder = holder
    this.claims = claims
    this.requested = requested
    this.at = { atMs, steadyMs: atMs }
    this.slots = slots
    this.isReported = true
  }
}
