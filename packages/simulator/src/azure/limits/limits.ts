import type { Clock } from '../../clock.ts'
import type { SimulatedDeployment } from '../../types.ts'
import { type AzureError, type CallDetails, throttled } from '../errors.ts'
import { SlidingWindow } from './window.ts'

const minuteMs = 60_000
const requestWindowSecondsDefault = 10
const burstSecondsDefault = 60

/** Unit of `x-ratelimit-reset-*`; hosts of the service differ. */
export type ResetUnit = 'seconds' | 'milliseconds'

/** Demand of a call on its deployment's limits. */
export interface Demand {
  /** Prompt tokens plus the maximum of the answer. */
  readonly tokens: number
  /** For the message of a 429. */
  readonly details: CallDetails
}

/** Limits of one deployment. */
export interface Limits {
  /**
   * Takes the demand and adds the headers that say what is left; throws 429 when it does not fit. Counts the request in
   * both cases.
   */
  take(demand: Demand, headers: Record<string, string>): void
  /** Adds the headers only. */
  report(headers: Record<string, string>): void
  /** Counts a request that failed before it took anything, as Azure does. */
  failed(): void
  /** False when `finished` changes nothing. */
  readonly settles: boolean
  /** Called after an answer: what it produced, and what `take` had reserved for it (null: the call had no maximum). */
  finished(completionTokens: number, reservedTokens: number | null): void
}

export function limitsOf(spec: SimulatedDeployment, clock: Clock, resets: ResetUnit = 'seconds'): Limits {
  if (spec.kind === 'provisioned')
    return new ProvisionedLimits(spec.tokensPerMinute ?? null, spec.burstSeconds ?? burstSecondsDefault, clock)
  return new StandardLimits(spec, clock, resets)
}

/** The quota that a deployment without a limit reports: too large to be reached. */
const wideOpen = { requests: 100_000, tokens: 100_000_000 } as const

/**
 * Limits of a standard deployment: sliding windows. Tokens count for a minute: the demand when it is taken, and what
 * was answered without a maximum when the answer is over. Requests count for a minute and, because Azure evens them
 * out, for a shorter window with its share of the minute's limit (at least one). Refused and failed requests count too.
 * A call larger than the whole token limit is admitted when the minute is empty, else it could never run.
 * `x-ratelimit-reset-*` are the seconds until everything is free again, `retry-after` those until this call would fit.
 */
class StandardLimits implements Limits {
  readonly #tokens: SlidingWindow | null
  readonly #requests: readonly SlidingWindow[]
  readonly #clock: Clock
  readonly #resets: ResetUnit

  constructor(spec: SimulatedDeployment, clock: Clock, resets: ResetUnit) {
    this.#resets = resets
    const { tokensPerMinute, requestsPerMinute, requestWindowSeconds: seconds = requestWindowSecondsDefault } = spec
    this.#clock = clock
    this.#tokens = tokensPerMinute === undefined ? null : new SlidingWindow(tokensPerMinute, minuteMs)
    const short = (perMinute: number): number => Math.max(1, Math.ceil((perMinute * seconds) / 60))
    this.#requests =
      requestsPerMinute === undefined
        ? []
        : [new SlidingWindow(requestsPerMinute, minuteMs), new SlidingWindow(short(requestsPerMinute), seconds * 1000)]
  }

  take(demand: Demand, headers: Record<string, string>): void {
    const now = this.#clock()
    this.failed()
    const refusal = this.#refusal(demand, now)
    if (refusal === null) this.#tokens?.add(demand.tokens, now)
    this.report(headers)
    if (refusal) throw refusal
  }

  get settles(): boolean {
    return this.#tokens !== null
  }

  report(headers: Record<string, string>): void {
    this.#report(headers, 'requests', this.#requests[0] ?? null)
    this.#report(headers, 'tokens', this.#tokens)
  }

  failed(): void {
    const now = this.#clock()
    for (const window of this.#requests) window.add(1, now)
  }

  finished(completionTokens: number, reservedTokens: number | null): void {
    if (reservedTokens === null && completionTokens > 0) this.#tokens?.add(completionTokens, this.#clock())
  }

  #report(headers: Record<string, string>, unit: 'requests' | 'tokens', window: SlidingWindow | null): void {
    const now = this.#clock()
    const limit = window?.limit ?? wideOpen[unit]
    const used = window?.sum(now) ?? 0
    headers[`x-ratelimit-limit-${unit}`] = String(limit)
    headers[`x-ratelimit-remaining-${unit}`] = String(Math.max(0, limit - used))
    headers[`x-ratelimit-renewalperiod-${unit}`] = '60'
    // Hosts that use milliseconds report the time in which the limit's own speed makes up for what was used.
    headers[`x-ratelimit-reset-${unit}`] = String(
      this.#resets === 'milliseconds'
        ? Math.ceil((used / limit) * minuteMs)
        : Math.ceil((window?.untilAtMost(0, now) ?? 0) / 1000),
    )
  }

  #refusal({ tokens, details }: Demand, now: number): AzureError | null {
    const requestsFit = this.#requests.every(window => window.sum(now) <= window.limit)
    const window = this.#tokens
    const tokensFit = window === null || window.sum(now) === 0 || window.sum(now) + tokens <= window.limit
    if (requestsFit && tokensFit) return null
    // The wait covers every window, also those that did not refuse: the retry must fit into all of them.
    const waitsMs = this.#requests.map(requests => requests.untilAtMost(requests.limit - 1, now))
    if (window && !tokensFit) waitsMs.push(window.untilAtMost(Math.max(0, window.limit - tokens), now))
    return throttled({ details, rate: requestsFit ? 'tokens' : 'requests', retryAfterMs: Math.max(...waitsMs) })
  }
}

/**
 * Limits of a provisioned deployment: a bucket that drains at the speed of its capacity and holds `burstSeconds` of it.
 * Utilisation is its level, and every answer reports it; from 100 % on calls are refused until it has drained below. A
 * call is admitted whole while there is any room. When its answer is over, the difference to what it had reserved is
 * given back or added. Without a capacity the utilisation stays 0.
 */
class ProvisionedLimits implements Limits {
  readonly #tokensPerMinute: number | null
  readonly #depthTokens: number
  readonly #clock: Clock
  #level = 0
  #seenAtMs: number

  constructor(tokensPerMinute: number | null, burstSeconds: number, clock: Clock) {
    this.#tokensPerMinute = tokensPerMinute
    this.#depthTokens = ((tokensPerMinute ?? 0) * burstSeconds) / 60
    this.#clock = clock
    this.#seenAtMs = clock()
  }

  readonly settles = true

  report(): void {
    // `take` reports the utilisation.
  }

  take({ tokens, details }: Demand, headers: Record<string, string>): void {
    const capacity = this.#tokensPerMinute
    if (capacity === null) {
      headers['azure-openai-deployment-utilization'] = '0.0%'
      return
    }
    this.#drain(capacity)
    const full = this.#level >= this.#depthTokens
    if (!full) this.#level += tokens
    headers['azure-openai-deployment-utilization'] = `${((this.#level / this.#depthTokens) * 100).toFixed(1)}%`
    if (!full) return
    const retryAfterMs = ((this.#level - this.#depthTokens) / capacity) * minuteMs + 1
    throw throttled({ details, rate: 'capacity', retryAfterMs })
  }

  failed(): void {
    // Capacity is bought in tokens; requests are not counted.
  }

  finished(completionTokens: number, reservedTokens: number | null): void {
    if (this.#tokensPerMinute === null) return
    this.#drain(this.#tokensPerMinute)
    this.#level = Math.max(0, this.#level + completionTokens - (reservedTokens ?? 0))
  }

  #drain(tokensPerMinute: number): void {
    const now = this.#clock()
    const drained = (Math.max(0, now - this.#seenAtMs) * tokensPerMinute) / minuteMs
    this.#level = Math.max(0, this.#level - drained)
    this.#seenAtMs = now
  }
}
