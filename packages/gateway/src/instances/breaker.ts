/**
 * The breaker: leaves a deployment, or a whole instance, alone for a while after it refused or failed. A pure state machine:
 * the time comes in with each question.
 *
 *   closed ── 429, failures ──► open ── its time is up ──► half-open: one call tries
 *     ▲                          ▲                            │
 *     └────── it answered ───────┼────────────────────────────┤
 *                                └──── it failed again ───────┘
 */
import type { InstanceConfig } from '../config/schema.ts'
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

/** The share of failures means nothing of fewer calls. */
const callsLeast = 20
/** A 429 that says no time: so long at first, then doubled at each further one, up to the most. */
const pauseFirstMs = 1_000
const pauseMostMs = 30_000
/** A 429 that names a shorter time leaves the deployment alone for so long: each try of a call that is refused costs it a round trip. */
const pauseLeastMs = 250
/** A deployment that does not exist may just have been made: Azure itself says to look again after a few minutes. */
const absentMs = 60_000
/** A credential that is refused is tried again after `open`, then after twice as long each time, up to this: a person must mend it. */
const refusedMostMs = 60_000
/** Refusals in a row of which one alone might hang on what the call asked for. */
const refusalsLeast = 3

export class Breaker {
  readonly #settings: BreakerSettings
  #state: BreakerState = 'closed'
  #reason: BreakerReason | null = null
  #retryAtMs = 0
  /** Grows each time the state changes: what a call of an earlier time reports late is no news about this one. */
  #era = 0
  #probing = false
  #failuresInRow = 0
  #pauseMs = pauseFirstMs
  #refusalsInRow = 0
  #refusedMs: number
  /** Calls and failures of this half of the window and of the one before. */
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

  /** Null while it is closed. */
  get reason(): BreakerReason | null {
    return this.#reason
  }

  /** When one call may try again, milliseconds since the epoch; null while it is closed. */
  get retryAtMs(): number | null {
    return this.#state === 'closed' ? null : this.#retryAtMs
  }

  /** Whether a call may be sent now. Changes nothing. */
  admits(nowMs: number): boolean {
    if (this.#state === 'closed') return true
    return !this.#probing && this.waitMs(nowMs) === 0
  }

  /** Milliseconds until a call may try; 0 when it may. A clock that was set back does not prolong it beyond the longest time there is. */
  waitMs(nowMs: number): number {
    if (this.#state === 'closed') return 0
    const { open, retryAfterMax } = this.#settings
    const most = Math.max(open, retryAfterMax, pauseMostMs, absentMs, refusedMostMs)
    const left = this.#retryAtMs - nowMs
    return left <= 0 || left > most ? 0 : left
  }

  /**
   * A call is sent. Where the breaker is not closed it is the probe, unless another one is under way already.
   * @returns its ticket, for the one report that must follow.
   */
  begin(): number {
    if (this.#state === 'closed' || this.#probing) return this.#era
    this.#state = 'half-open'
    this.#probing = true
    this.#era += 1
    return this.#era
  }

  /** The call was answered, whatever the answer says. */
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

  /** 429. @param retryAfterMs as the backend said; null when it said nothing. "At once" is no time that a refusal can mean: it says nothing. */
  throttled(ticket: number, nowMs: number, retryAfterMs: number | null): void {
    const stale = this.#isStale(ticket)
    if (retryAfterMs !== null && retryAfterMs > 0) {
      const until = nowMs + Math.min(Math.max(pauseLeastMs, retryAfterMs), this.#settings.retryAfterMax)
      // Calls that were under way together are told of the same shortage, each from where it stands.
      this.#open('throttled', stale ? Math.max(until, this.#retryAtMs) : until, stale)
      return
    }
    if (stale) return
    this.#open('throttled', nowMs + Math.min(this.#pauseMs, this.#settings.retryAfterMax))
    this.#pauseMs = Math.min(pauseMostMs, this.#pauseMs * 2)
  }

  /**
   * The instance refused the gateway's own credential.
   * @param certain false when it may hang on what the call asked for: then several in a row must say so.
   * @returns true when it is left alone for it from now on.
   */
  refused(ticket: number, nowMs: number, certain: boolean): boolean {
    if (this.#isStale(ticket)) return false
    this.#refusalsInRow += 1
    if (this.#state === 'closed' && !certain && this.#refusalsInRow < refusalsLeast) return false
    this.#open('credential_refused', nowMs + this.#refusedMs)
    this.#refusedMs = Math.min(Math.max(refusedMostMs, this.#settings.open), this.#refusedMs * 2)
    return true
  }

  /** The deployment does not exist on this instance: an answer, so that it may come after `succeeded`. */
  absent(nowMs: number): void {
    if (this.#state !== 'open') this.#open('deployment_not_found', nowMs + absentMs)
  }

  /** The call ended without telling anything: the client left, or it was never sent. */
  abandoned(ticket: number): void {
    if (this.#isStale(ticket) || this.#state !== 'half-open') return
    this.#state = 'open'
    this.#probing = false
    this.#era += 1
  }

  /** From outside: an active probe found it broken. */
  trip(reason: BreakerReason, untilMs: number): void {
    if (this.#state === 'closed') this.#open(reason, untilMs)
    else if (!this.#probing) this.#retryAtMs = Math.max(this.#retryAtMs, untilMs)
  }

  /** It works: a probe was answered. */
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

  /** @param ofEarlierCall a probe that is under way meanwhile stays the probe. */
  #open(reason: BreakerReason, retryAtMs: number, ofEarlierCall = false): void {
    if (ofEarlierCall && this.#probing) return
    // What comes late says nothing about a time in which calls are answered again.
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
