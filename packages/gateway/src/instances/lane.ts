/**
 * A lane: one deployment on one instance, with all that is known about how it fares. Calls tell it; choosing a member reads
 * it. All times are milliseconds since the epoch, by the clock of those who ask.
 */
import type { BackendFacts } from '../wire/backends.ts'
import { Breaker, type BreakerSettings } from './breaker.ts'
import { Latency } from './latency.ts'
import type { OwnCredential } from './own-credential.ts'
import { numberOf, retryAfterMs } from './retry-after.ts'
import type { BreakerState, LaneState } from './state.ts'

/** Figures that a backend reported count for so long. */
const reportedForMs = 60_000
/** Share of the newest value in what one call adds to the utilisation. */
const riseNewest = 0.3
/** Readings closer to each other say nothing about how fast it falls. Milliseconds. */
const slopeLeastMs = 200

type Headers = Readonly<Record<string, string | string[] | undefined>>

export interface LaneParts {
  readonly backend: BackendFacts
  readonly settings: BreakerSettings
  readonly reach: Breaker
  readonly credential: OwnCredential | null
}

export class Lane {
  readonly deployment: string
  readonly kind: 'standard' | 'provisioned'
  readonly breaker: Breaker
  /** Of the whole instance, shared by its lanes: whether it can be connected to. */
  readonly reach: Breaker
  /** Null where calls carry the caller's own token: what is refused then is the caller. */
  readonly credential: OwnCredential | null
  readonly latency = new Latency()
  inFlight = 0
  /** Calls that were sent here. */
  calls = 0
  failures = 0
  /** Places that were taken, some of which were given back unused: their numbers tell the order of calls. */
  #begun = 0
  #withdrawnSinceRead = 0
  /** Tells readings apart that come out of order: the number of the call that brought the newest one. */
  #readBy = 0
  #utilization: number | null = null
  /** When the call was sent that brought the newest reading, which is when the backend counted it. */
  #readSentAtMs = 0
  /** By how much the utilisation falls in a millisecond while hardly any call comes; never positive. */
  #fallPerMs = 0
  /** By how much one call raises the utilisation, smoothed; never negative. */
  #risePerCall = 0
  #remainingTokens = -1
  #remainingRequests = -1
  #remainingAtMs = 0
  /** Kinds of calls for which it does not know the gateway's `stream_options`; null while none was found. Written by `dispatch`. */
  refusesUsage: Set<string> | null = null
  /** True once it has refused a workload's maximum by the name that suits its model, and taken the other one. Written by `dispatch`. */
  takesOtherMaximum = false
  /** What a pool decided last about this lane, for reports. */
  isSpilling = false

  readonly backend: BackendFacts

  constructor(
    deployment: string,
    kind: 'standard' | 'provisioned',
    { backend, settings, reach, credential }: LaneParts,
  ) {
    this.deployment = deployment
    this.kind = kind
    this.backend = backend
    this.breaker = new Breaker(settings)
    this.reach = reach
    this.credential = credential
  }

  admits(nowMs: number): boolean {
    return this.breaker.admits(nowMs) && this.reach.admits(nowMs)
  }

  /** Milliseconds until a call may try; at least 1 while a probe is under way. */
  waitMs(nowMs: number): number {
    if (this.admits(nowMs)) return 0
    return Math.max(1, this.breaker.waitMs(nowMs), this.reach.waitMs(nowMs))
  }

  /** True while it is left alone because the backend said that it has no capacity. */
  get isThrottled(): boolean {
    return this.breaker.reason === 'throttled'
  }

  /** Takes a place for a call. It must end with `end`. */
  begin(nowMs: number): Attempt {
    this.inFlight += 1
    this.calls += 1
    this.#begun += 1
    return new Attempt(this, this.#begun, nowMs)
  }

  /** A place was given back unused. Called by its `Attempt` alone. */
  withdrawn(): void {
    this.calls -= 1
    this.#withdrawnSinceRead += 1
  }

  /**
   * Of provisioned throughput: as last reported, and as it has fallen since where it was falling. Whole answers bring their reading
   * seconds after the call was counted. Null when it was not reported, or too long ago.
   */
  utilization(nowMs: number): number | null {
    const ageMs = nowMs - this.#readSentAtMs
    if (this.#utilization === null || ageMs > reportedForMs) return null
    return this.#fallPerMs === 0 || ageMs < 0
      ? this.#utilization
      : Math.max(0, this.#utilization + this.#fallPerMs * ageMs)
  }

  /** What the calls add to it that were sent since the reading: a load that rises in steps would be far beyond the mark by then. */
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

  /** Reads what an answer's head says about capacity. @param call number of the call, and when it was sent. */
  read(headers: Headers, call: number, sentAtMs: number, nowMs: number): void {
    const { utilization, limits } = this.backend
    const used = this.kind === 'provisioned' && utilization !== null ? headers[utilization] : undefined
    if (used !== undefined) this.#readUtilization(used, call, sentAtMs)
    const tokens = headers[limits.remainingTokens]
    const requests = headers[limits.remainingRequests]
    if (tokens === undefined && requests === undefined) return
    // Negative means unknown: the Responses API has said -1 for months.
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
    // Two readings of one moment tell no slope: the earlier time stays.
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

/** One call's try at a lane: what becomes of it is told here, once; then it ends. */
export class Attempt {
  readonly lane: Lane
  readonly beganAtMs: number
  readonly #number: number
  readonly #ticket: number
  readonly #reachTicket: number
  #told = false
  /** 401 or 403 of an instance with the gateway's own credential, until it is told whose trouble it is; 0 otherwise. */
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

  /** A connection stands and the call goes out on it: the instance can be reached, however long the answer takes. */
  connected(nowMs: number): void {
    this.lane.reach.succeeded(this.#reachTicket, nowMs)
  }

  /** The head of an answer has come. What it is worth is told when it ends; but a probe has its answer now. */
  answered(status: number, headers: Headers, nowMs: number): void {
    if (this.#told) return
    this.#told = true
    const { lane } = this
    lane.read(headers, this.#number, this.beganAtMs, nowMs)
    if (status === 429) {
      this.#fail()
      lane.breaker.throttled(this.#ticket, nowMs, retryAfterMs(headers, nowMs) ?? lane.backend.resetMs(headers))
    } else if (status >= 500) {
      this.#fail()
      lane.breaker.failed(this.#ticket, nowMs)
    } else if ((status === 401 || status === 403) && lane.credential !== null) {
      this.#unjudged = status
    } else {
      if (lane.breaker.state !== 'closed') this.#works(nowMs)
      // Refusals are quick: they say nothing about how long a call takes.
      if (status < 400) lane.latency.add(nowMs - this.beganAtMs, nowMs)
    }
  }

  /** The probe of a lane that was left alone is answered. */
  #works(nowMs: number): void {
    const { breaker, credential, deployment } = this.lane
    breaker.succeeded(this.#ticket, nowMs)
    if (breaker.state === 'closed') credential?.accepted(deployment)
  }

  /**
   * The answer refuses the gateway, not the caller. After `answered`.
   * @param certain every call would meet the same. @param code as the answer says.
   */
  refused(certain: boolean, code: string | null, nowMs: number): void {
    const { lane } = this
    const status = this.#unjudged
    if (status === 0) return
    this.#unjudged = 0
    this.#fail()
    lane.credential?.refused(lane.deployment, lane.breaker.refused(this.#ticket, nowMs, certain), status, code)
  }

  /** The answer is about what the caller asks for: the instance has let the call in. After `answered`. */
  letIn(nowMs: number): void {
    if (this.#unjudged === 0) return
    this.#unjudged = 0
    if (this.lane.breaker.state !== 'closed') this.#works(nowMs)
  }

  /** The answer says that the deployment does not exist. After `answered`. */
  absent(nowMs: number): void {
    this.lane.breaker.absent(nowMs)
  }

  /** No answer came, or it broke off. @param connected false when no connection came about, which concerns the whole instance. */
  broke(connected: boolean, nowMs: number): void {
    const { lane } = this
    this.#fail()
    if (connected) {
      lane.breaker.failed(this.#ticket, nowMs)
    } else {
      lane.reach.failed(this.#reachTicket, nowMs)
      // Whether the deployment works is not known: a probe of it was none.
      lane.breaker.abandoned(this.#ticket)
    }
    this.#told = true
  }

  /** Gives the place back before the call was sent. */
  withdraw(nowMs: number): void {
    if (this.#ended) return
    this.lane.withdrawn()
    this.end(nowMs)
  }

  /** Gives the place back. Nothing told before: the client left, or the call was not sent. */
  end(nowMs: number): void {
    if (this.#ended) return
    this.#ended = true
    const { lane } = this
    lane.inFlight -= 1
    // Nobody has read what the answer says: a copy's, or one whose client left.
    if (this.#unjudged !== 0) this.refused(this.#unjudged === 401, null, nowMs)
    if (!this.#told) {
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
