/**
 * The breaker: keeps calls away from a deployment, or from a whole instance, for a while after it refused or failed. It
 * is a pure state machine: the time comes in with each call.
 *
 *   closed ── 429, failures ──► open ── its time is up ──► half-open: one call tries
 *     ▲                          ▲                            │
 *     └────── it answered ───────┼────────────────────────────┤
 *                                └──── it failed again ───────┘
 */
import type { InstanceConfig } from '../config/schema/index.ts'
import type { BreakerState } from './state.ts'

/** Times in milliseconds. */
export type BreakerSettings = InstanceConfig['breaker']

export type BreakerReason =
  | 'throttled'
  | 'failures'
  | 'failure_share'
  | 'deployment_not_found'
  | 'credential_refused'
  | 'probe'

/** With fewer calls the share of failures means nothing. */
const callsLeast = 20
/** Pause after a 429 without a time: the first one, doubled at each further 429 up to the longest. */
const pauseFirstMs = 1_000
const pauseMostMs = 30_000
/** Least pause after a 429 that names a shorter time: each attempt that is refused costs the call a round trip. */
const pauseLeastMs = 250
/**
 * Pause after the deployment was not found. It may just have been created: Azure itself advises to retry after a few
 * minutes.
 */
const absentMs = 60_000
/**
 * Longest pause after a refused credential. The first is `open`, and each further one is twice as long: a person must
 * fix the cause.
 */
const refusedMostMs = 60_000
/** Refusals in a row that count as one of the credential: a single one may depend on what the call asked for. */
const refusalsLeast = 3

export class Breaker {
  readonly #settings: BreakerSettings
  #state: BreakerState = 'closed'
  #reason: BreakerReason | null = null
  #retryAtMs = 0
  /** Grows each time the state changes. A call of an earlier era that reports late does not change the state. */
  #era = 0
  #probing = false
  #failuresInRow = 0
  #pauseMs = pauseFirstMs
  #refusalsInRow = 0
  #refusedMs: number
  /** Calls and failures of the current half of the window and of the half before. */
  #halfSinceMs = 0
  #calls = 0
  #failures = 0
  #callsBefore = 0
  #failuresBefore = 0

  constructor(settings: BreakerSettings) {
    this.#settings = settings
    this.#refusedMs = settings.open
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Null while the breaker is closed. */
  get reason(): BreakerReason | null {
    return this.#reason
  }

  /** Time when one call may try again, milliseconds since the epoch; null while the breaker is closed. */
  get retryAtMs(): number | null {
    return this.#state === 'closed' ? null : this.#retryAtMs
  }

  /** True when a call may be sent now. Changes nothing. */
  admits(nowMs: number): boolean {
    if (this.#state === 'closed') return true
    return !this.#probing && this.waitMs(nowMs) === 0
  }

  /**
   * Milliseconds until a call may try; 0 when it may now. A clock that was set back does not make it longer than the
   * longest possible pause.
   */
  waitMs(nowMs: number): number {
    if (this.#state === 'closed') return 0
    const { open, retryAfterMax } = this.#settings
    const most = Math.max(open, retryAfterMax, pauseMostMs, absentMs, refusedMostMs)
    const left = this.#retryAtMs - nowMs
    return left <= 0 || left > most ? 0 : left
  }

  /**
   * A call is sent. Where the breaker is not closed the call is the probe, unless another probe is in flight.
   * @returns its ticket, for the one report that must follow.
   */
  begin(): number {
    if (this.#state === 'closed' || this.#probing) return this.#era
    this.#state = 'half-open'
    this.#probing = true
    this.#era += 1
    return this.#era
  }

  /** The call was answered, with any status. */
  succeeded(ticket: number, nowMs: number): void {
    if (this.#isStale(ticket)) return
    if (this.#state === 'closed') {
      this.#failuresInRow = 0
      this.#refusalsInRow = 0
      this.#count(nowMs, 0)
    } else this.restore()
  }

  /** 5xx, time-out, connection error. */
  failed(ticket: number, nowMs: number): void {
    if (this.#isStale(ticket)) return
    if (this.#state === 'half-open') {
      this.#open(this.#reason ?? 'failures', nowMs + this.#settings.open)
      return
    }
    this.#failuresInRow += 1
    this.#count(nowMs, 1)
    if (this.#failuresInRow >= this.#settings.failures) this.#open('failures', nowMs + this.#settings.open)
    else if (this.#shareReached()) this.#open('failure_share', nowMs + this.#settings.open)
  }

  /**
   * A 429. @param retryAfterMs as the backend said; null when it said nothing. 0 counts as nothing: a refusal cannot
   * mean "at once".
   */
  throttled(ticket: number, nowMs: number, retryAfterMs: number | null): void {
    const stale = this.#isStale(ticket)
    if (retryAfterMs !== null && retryAfterMs > 0) {
      const until = nowMs + Math.min(Math.max(pauseLeastMs, retryAfterMs), this.#settings.retryAfterMax)
      // Calls that were in flight together report the same shortage, each at its own time.
      this.#open('throttled', stale ? Math.max(until, this.#retryAtMs) : until, stale)
      return
    }
    if (stale) return
    this.#open('throttled', nowMs + Math.min(this.#pauseMs, this.#settings.retryAfterMax))
    this.#pauseMs = Math.min(pauseMostMs, this.#pauseMs * 2)
  }

  /**
   * The instance refused the gateway's own credential.
   * @param certain false when the refusal may depend on what the call asked for: then only several in a row open the
   *   breaker.
   * @returns true when this refusal opened it.
   */
  refused(ticket: number, nowMs: number, certain: boolean): boolean {
    if (this.#isStale(ticket)) return false
    this.#refusalsInRow += 1
    if (this.#state === 'closed' && !certain && this.#refusalsInRow < refusalsLeast) return false
    this.#openRefused(nowMs)
    return true
  }

  /**
   * The body of a 429, whose head was reported as `throttled`, says that the instance refuses the gateway.
   * @returns true when this refusal opened it.
   */
  barred(nowMs: number): boolean {
    if (this.#state === 'half-open' || this.#reason === 'credential_refused') return false
    this.#openRefused(nowMs)
    return true
  }

  #openRefused(nowMs: number): void {
    this.#open('credential_refused', nowMs + this.#refusedMs)
    this.#refusedMs = Math.min(Math.max(refusedMostMs, this.#settings.open), this.#refusedMs * 2)
  }

  /** The deployment does not exist on this instance. It is an answer, so it may come after `succeeded`. */
  absent(nowMs: number): void {
    if (this.#state !== 'open') this.#open('deployment_not_found', nowMs + absentMs)
  }

  /** The call ended without a result: the client left, or it was never sent. */
  abandoned(ticket: number): void {
    if (this.#isStale(ticket) || this.#state !== 'half-open') return
    this.#state = 'open'
    this.#probing = false
    this.#era += 1
  }

  /** An active probe has failed. */
  trip(reason: BreakerReason, untilMs: number): void {
    if (this.#state === 'closed') this.#open(reason, untilMs)
    else if (!this.#probing) this.#retryAtMs = Math.max(this.#retryAtMs, untilMs)
  }

  /** An active probe was answered. */
  restore(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#reason = null
    this.#probing = false
    this.#era += 1
    this.#failuresInRow = 0
    this.#pauseMs = pauseFirstMs
    this.#refusalsInRow = 0
    this.#refusedMs = this.#settings.open
    this.#calls = 0
    this.#failures = 0
    this.#callsBefore = 0
    this.#failuresBefore = 0
  }

  #isStale(ticket: number): boolean {
    return ticket !== this.#era || this.#state === 'open'
  }

  /** @param ofEarlierCall a probe that is in flight stays the probe. */
  #open(reason: BreakerReason, retryAtMs: number, ofEarlierCall = false): void {
    if (ofEarlierCall && this.#probing) return
    // A late report says nothing about a time in which calls are answered again.
    if (ofEarlierCall && this.#state === 'closed') return
    this.#state = 'open'
    this.#reason = reason
    this.#retryAtMs = retryAtMs
    this.#probing = false
    this.#era += 1
  }

  #count(nowMs: number, failures: number): void {
    const halfMs = this.#settings.window / 2
    const age = nowMs - this.#halfSinceMs
    if (age >= halfMs || age < 0) {
      const follows = age >= 0 && age < 2 * halfMs
      this.#callsBefore = follows ? this.#calls : 0
      this.#failuresBefore = follows ? this.#failures : 0
      this.#calls = 0
      this.#failures = 0
      this.#halfSinceMs = nowMs
    }
    this.#calls += 1
    this.#failures += failures
  }

  #shareReached(): boolean {
    const calls = this.#calls + this.#callsBefore
    return calls >= callsLeast && (this.#failures + this.#failuresBefore) / calls >= this.#settings.failureShare
  }
}
