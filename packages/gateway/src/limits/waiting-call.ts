import type { Claim, ReserveResult, Shortage } from './counting/counters.ts'
import { behindOthers, ofShortage, reportReserved, uncounted } from './denials.ts'
import type { Admission, Ask, Denial, LineWaiter, WaitBounds } from './index.ts'
import { type LeaseParts, OpenLease } from './lease.ts'
import type { ScopeLimits } from './rules/rule-book.ts'

export interface WaitingCallParts {
  readonly leases: LeaseParts
  /** The call's limits at the time when it arrived. */
  readonly met: ScopeLimits
  /** The limits of the current configuration; null when no rule applies to the call any more. */
  readonly limitsNow: () => ScopeLimits | null
  readonly ask: Ask
  readonly bounds: WaitBounds
}

/** The reason why a call waits: its last attempt failed, or it queues behind others and has made no attempt yet. */
export type WaitReason = Shortage | BehindOthers

interface BehindOthers {
  readonly kind: 'behind'
  /** The first of the call's claims. */
  readonly first: Claim
}

/** A call in the waiting line. */
export class WaitingCall implements LineWaiter<Admission> {
  readonly priority: string
  readonly workload: string
  readonly waiting: WaitBounds
  readonly #parts: WaitingCallParts
  readonly #sinceAt = performance.now()
  #reason: WaitReason

  constructor(parts: WaitingCallParts, reason: WaitReason) {
    this.priority = parts.ask.priority
    this.workload = parts.met.scope.workload
    this.waiting = parts.bounds
    this.#parts = parts
    this.#reason = reason
  }

  get keys(): readonly string[] {
    const { met, ask } = this.#parts
    return met.claimsFor(ask.caller).keys
  }

  get waitsFor(): readonly string[] {
    if (this.#reason.kind === 'room') return this.#reason.full.map(claim => claim.counter.key)
    // Only the keys that calls before it wait for: it must not block others from a limit that has room.
    return this.keys.filter(key => this.#parts.leases.line.isAwaited([key], this.priority))
  }

  attempt(): Admission | null | Promise<Admission | null> {
    const { leases, met, limitsNow, ask } = this.#parts
    const claims = limitsNow()?.claimsFor(ask.caller).claims ?? []
    if (claims.length === 0) return this.#admitted(new OpenLease(leases, met, ask, null, this.#waitedMs()))
    const result = leases.store.reserve(claims, ask)
    return result instanceof Promise ? result.then(found => this.#decided(found)) : this.#decided(result)
  }

  #decided({ reservation, shortage }: ReserveResult): Admission | null {
    const { leases, met, ask } = this.#parts
    if (reservation !== null) {
      reportReserved(reservation, leases.observer)
      return this.#admitted(new OpenLease(leases, met, ask, reservation, this.#waitedMs()))
    }
    this.#reason = shortage
    // Waiting does not help when a budget was used up meanwhile, or when the store went down.
    const isHopeless = shortage.kind === 'store' || shortage.renewsAtMs !== null
    return isHopeless ? { lease: null, denial: this.denial() } : null
  }

  #admitted(lease: OpenLease): Admission {
    return { lease, denial: null }
  }

  #waitedMs(): number {
    return Math.round(performance.now() - this.#sinceAt)
  }

  /** The refusal of a call that leaves the line without a lease. */
  denial(): Denial {
    const { leases, ask } = this.#parts
    const reason = this.#reason
    if (reason.kind === 'behind') return behindOthers(this.#awaitedClaim() ?? reason.first, ask, leases.observer)
    // A call whose client has left was not refused.
    return this.waiting.signal?.aborted ? uncounted(reason, ask) : ofShortage(reason, ask, leases.observer)
  }

  /** The first of its claims that calls before it wait for. */
  #awaitedClaim(): Claim | undefined {
    const { leases, met, ask } = this.#parts
    const { claims } = met.claimsFor(ask.caller)
    return claims.find(({ counter }) => leases.line.isAwaited([counter.key], this.priority))
  }
}
