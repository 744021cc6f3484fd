/**
 * A lane: one deployment on one instance, with everything that is known about its health. Calls report to it, and
 * choosing a member reads it. All times are milliseconds since the epoch, by the caller's clock.
 */
import { type BackendFacts, limitFields, type RefusalScope } from '../wire/backends.ts'
import { type AnswerHeaders, numberOf, retryAfterMs } from '../wire/retry-after.ts'
import { Breaker, type BreakerSettings } from './breaker.ts'
import type { Gate } from './gate.ts'
import { Latency } from './latency.ts'
import type { OwnCredential } from './own-credential.ts'
import type { BreakerState, LaneState } from './state.ts'

/** Lifetime of reported figures. Milliseconds. */
const reportedForMs = 60_000
/** Weight of the newest value in the smoothed rise per call. */
const riseNewest = 0.3
/** Readings closer together give no slope. Milliseconds. */
const slopeLeastMs = 200

export interface LaneParts {
  readonly backend: BackendFacts
  readonly settings: BreakerSettings
  readonly reach: Breaker
  readonly credential: OwnCredential | null
  /** Of the whole instance. */
  readonly gate: Gate
}

export class Lane {
  readonly deployment: string
  readonly kind: 'standard' | 'provisioned'
  readonly breaker: Breaker
  /** The breaker of the whole instance, shared by its lanes: whether connections succeed. */
  readonly reach: Breaker
  /** Null where calls carry the caller's own token: a refusal then concerns the caller. */
  readonly credential: OwnCredential | null
  readonly gate: Gate
  readonly latency = new Latency()
  inFlight = 0
  /** Number of calls sent here. */
  calls = 0
  failures = 0
  /** Number of attempts begun, also of those that were withdrawn unused. It orders calls. */
  #begun = 0
  #withdrawnSinceRead = 0
  /** Number of the call that brought the newest reading: answers come out of order. */
  #readBy = 0
  #utilization: number | null = null
  /** Time when that call was sent, which is when the backend counted it. */
  #readSentAtMs = 0
  /** Change of the utilisation per millisecond while hardly any call comes; never positive. */
  #fallPerMs = 0
  /** Rise of the utilisation per call, smoothed; never negative. */
  #risePerCall = 0
  #remainingTokens = -1
  #remainingRequests = -1
  #remainingAtMs = 0
  /**
   * Kinds of calls for which it does not accept the gateway's `stream_options`; null while there are none. Written by
   * `dispatch`.
   */
  refusesUsage: Set<string> | null = null
  /**
   * True after it refused a workload's maximum under the usual name for its model and accepted the other name. Written
   * by `dispatch`.
   */
  takesOtherMaximum = false
  /** The last decision of a pool about this lane, for reports. */
  isSpilling = false

  readonly backend: BackendFacts

  constructor(
    deployment: string,
    kind: 'standard' | 'provisioned',
    { backend, settings, reach, credential, gate }: LaneParts,
  ) {
    this.deployment = deployment
    this.kind = kind
    this.backend = backend
    this.breaker = new Breaker(settings)
    this.reach = reach
    this.credential = credential
    this.gate = gate
  }

  /** True while a new call may be sent here. */
  admits(nowMs: number): boolean {
    return this.gate.drained === null && this.answers(nowMs)
  }

  /** True while no breaker keeps calls away, whether an operator has drained the instance or not. */
  answers(nowMs: number): boolean {
    return this.breaker.admits(nowMs) && this.reach.admits(nowMs)
  }

  /** True while an operator keeps new calls away, for as long as it takes. */
  get isDrained(): boolean {
    return this.gate.drained !== null
  }

  /** Milliseconds until a call may try; at least 1 while a probe is in flight. */
  waitMs(nowMs: number): number {
    if (this.answers(nowMs)) return 0
    return Math.max(1, this.breaker.waitMs(nowMs), this.reach.waitMs(nowMs))
  }

  /** True while it is paused because the backend reported no capacity. */
  get isThrottled(): boolean {
    return this.breaker.reason === 'throttled'
  }

  /** Begins an attempt. `end` must follow. */
  begin(nowMs: number): Attempt {
    this.inFlight += 1
    this.calls += 1
    this.#begun += 1
    return new Attempt(this, this.#begun, nowMs)
  }

  /** An attempt was given back unused. Only called by its `Attempt`. */
  withdrawn(): void {
    this.calls -= 1
    this.#withdrawnSinceRead += 1
  }

  /**
   * Utilisation of provisioned throughput: as last reported, reduced by the fall since then if it was falling. Answers
   * bring their reading seconds after the call was counted. Null when it was never reported, or too long ago.
   */
  utilization(nowMs: number): number | null {
    const ageMs = nowMs - this.#readSentAtMs
    if (this.#utilization === null || ageMs > reportedForMs) return null
    return this.#fallPerMs === 0 || ageMs < 0
      ? this.#utilization
      : Math.max(0, this.#utilization + this.#fallPerMs * ageMs)
  }

  /**
   * Expected rise by the calls sent since the reading. Without it, a load that rises in steps would be far beyond the
   * mark by the next reading.
   */
  get expectedRise(): number {
    return Math.max(0, this.#begun - this.#readBy - this.#withdrawnSinceRead) * this.#risePerCall
  }

  get isDraining(): boolean {
    return this.#fallPerMs < 0
  }

  /** Null when unknown. */
  remainingTokens(nowMs: number): number | null {
    return this.#remainingTokens < 0 || nowMs - this.#remainingAtMs > reportedForMs ? null : this.#remainingTokens
  }

  remainingRequests(nowMs: number): number | null {
    return this.#remainingRequests < 0 || nowMs - this.#remainingAtMs > reportedForMs ? null : this.#remainingRequests
  }

  /**
   * Reads capacity from the head of an answer. @param call number of the call. @param sentAtMs time when it was sent.
   */
  read(headers: AnswerHeaders, call: number, sentAtMs: number, nowMs: number): void {
    const { utilization } = this.backend
    const used = this.kind === 'provisioned' && utilization !== null ? headers[utilization] : undefined
    if (used !== undefined) this.#readUtilization(used, call, sentAtMs)
    const tokens = headers[limitFields.remainingTokens]
    const requests = headers[limitFields.remainingRequests]
    if (tokens === undefined && requests === undefined) return
    // Negative means unknown: the Responses API has reported -1 for months.
    this.#remainingTokens = numberOf(tokens) ?? -1
    this.#remainingRequests = numberOf(requests) ?? -1
    this.#remainingAtMs = nowMs
  }

  #readUtilization(written: string | string[], call: number, sentAtMs: number): void {
    const percent = typeof written === 'string' ? Number.parseFloat(written) : Number.NaN
    if (!(percent >= 0) || call <= this.#readBy) return
    const before = this.#utilization
    const now = percent / 100
    const sinceMs = sentAtMs - this.#readSentAtMs
    if (before !== null) {
      const rise = Math.max(0, (now - before) / (call - this.#readBy))
      this.#risePerCall += riseNewest * (rise - this.#risePerCall)
      if (sinceMs >= slopeLeastMs) this.#fallPerMs = Math.min(0, (now - before) / sinceMs)
    }
    this.#utilization = now
    this.#readBy = call
    this.#withdrawnSinceRead = 0
    // Two readings at the same moment give no slope: the earlier time stays.
    if (before === null || sinceMs >= slopeLeastMs || sinceMs < 0 || now > before) this.#readSentAtMs = sentAtMs
  }

  state(nowMs: number): LaneState {
    const { meanMs } = this.latency
    const stopped = this.reach.state === 'closed' ? this.breaker : this.reach
    const p95 = this.latency.percentile(95)
    return {
      deployment: this.deployment,
      kind: this.kind,
      breaker: stateOf(this.breaker.state, this.reach.state),
      breakerReason: stopped.reason,
      retryAtMs: stopped.retryAtMs,
      utilization: this.#utilization,
      spilling: this.isSpilling,
      remainingTokens: this.remainingTokens(nowMs),
      remainingRequests: this.remainingRequests(nowMs),
      latencyMs: meanMs === null ? null : Math.round(meanMs * 10) / 10,
      latencyP95Ms: p95 === null ? null : Math.round(p95 * 10) / 10,
      inFlight: this.inFlight,
      calls: this.calls,
      failures: this.failures,
    }
  }
}

function stateOf(lane: BreakerState, reach: BreakerState): BreakerState {
  return reach === 'closed' ? lane : reach
}

/** One attempt of a call at a lane. Its result is reported here once; then it ends. */
export class Attempt {
  readonly lane: Lane
  readonly beganAtMs: number
  readonly #number: number
  readonly #ticket: number
  readonly #reachTicket: number
  #isReported = false
  /** The status while it is open whether the gateway's own account or the request was refused; 0 otherwise. */
  #unjudged = 0
  #failed = false
  #ended = false

  constructor(lane: Lane, number: number, nowMs: number) {
    this.lane = lane
    this.beganAtMs = nowMs
    this.#number = number
    this.#ticket = lane.breaker.begin()
    this.#reachTicket = lane.reach.begin()
  }

  /**
   * The connection is established and the call is being sent: the instance is reachable, however long the answer takes.
   */
  connected(nowMs: number): void {
    this.lane.reach.succeeded(this.#reachTicket, nowMs)
  }

  /** The head of an answer has come. A success counts only when the attempt ends, but a probe is answered now. */
  answered(status: number, headers: AnswerHeaders, nowMs: number): void {
    if (this.#isReported) return
    this.#isReported = true
    const { lane } = this
    lane.read(headers, this.#number, this.beganAtMs, nowMs)
    if (status === 429) {
      this.#fail()
      lane.breaker.throttled(this.#ticket, nowMs, retryAfterMs(headers, nowMs))
      // Its body may say that the account has no credit left.
      if (lane.credential !== null && lane.backend.refusing.has(status)) this.#unjudged = status
    } else if (status >= 500) {
      this.#fail()
      lane.breaker.failed(this.#ticket, nowMs)
    } else if (status >= 400 && lane.credential !== null && lane.backend.refusal(status, null) !== null) {
      this.#unjudged = status
    } else {
      if (lane.breaker.state !== 'closed') this.#works(nowMs)
      // Refusals are fast: they say nothing about how long a call takes.
      if (status < 400) lane.latency.add(nowMs - this.beganAtMs, nowMs)
    }
  }

  /** The probe of a paused lane is answered. */
  #works(nowMs: number): void {
    const { breaker, credential, deployment } = this.lane
    breaker.succeeded(this.#ticket, nowMs)
    if (breaker.state === 'closed') credential?.accepted(deployment)
  }

  /**
   * The answer refuses the gateway, not the caller. After `answered`.
   * @param code the error code of the answer.
   */
  refused(scope: RefusalScope, code: string | null, nowMs: number): void {
    const { lane } = this
    const status = this.#unjudged
    if (status === 0) return
    this.#unjudged = 0
    this.#fail()
    // A credential that is valid for other operations must go on serving their calls.
    if (scope === 'operation') this.#works(nowMs)
    lane.credential?.refused(lane.deployment, this.#pauses(scope, status, nowMs), status, code)
  }

  #pauses(scope: RefusalScope, status: number, nowMs: number): boolean {
    const { breaker } = this.lane
    if (scope === 'operation') return false
    return status === 429 ? breaker.barred(nowMs) : breaker.refused(this.#ticket, nowMs, scope === 'backend')
  }

  /** The answer is about the request: the instance has accepted the credential. After `answered`. */
  letIn(nowMs: number): void {
    if (this.#unjudged === 0) return
    this.#unjudged = 0
    if (!this.#failed && this.lane.breaker.state !== 'closed') this.#works(nowMs)
  }

  /** The answer says that the deployment does not exist. After `answered`. */
  absent(nowMs: number): void {
    this.lane.breaker.absent(nowMs)
  }

  /**
   * No answer came, or it broke off. @param connected false when no connection was established, which concerns the
   * whole instance.
   */
  broke(connected: boolean, nowMs: number): void {
    const { lane } = this
    this.#fail()
    if (connected) {
      lane.breaker.failed(this.#ticket, nowMs)
    } else {
      lane.reach.failed(this.#reachTicket, nowMs)
      // Nothing is known about the deployment: this was no probe of it.
      lane.breaker.abandoned(this.#ticket)
    }
    this.#isReported = true
  }

  /** Ends an attempt that was not sent. */
  withdraw(nowMs: number): void {
    if (this.#ended) return
    this.lane.withdrawn()
    this.end(nowMs)
  }

  /** Ends the attempt. Without an earlier report, the client left or the call was not sent. */
  end(nowMs: number): void {
    if (this.#ended) return
    this.#ended = true
    const { lane } = this
    lane.inFlight -= 1
    // The answer was not read: it belongs to a copy, or its client left.
    const scope = this.#unjudged === 0 ? null : lane.backend.refusal(this.#unjudged, null)
    if (scope !== null) this.refused(scope, null, nowMs)
    if (!this.#isReported) {
      lane.breaker.abandoned(this.#ticket)
      lane.reach.abandoned(this.#reachTicket)
    } else if (!this.#failed) lane.breaker.succeeded(this.#ticket, nowMs)
  }

  #fail(): void {
    if (this.#failed) return
    this.#failed = true
    this.lane.failures += 1
  }
}
