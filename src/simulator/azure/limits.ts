import type { Clock } from '../../clock.ts'
import type { SimulatedDeployment } from '../types.ts'
import { type AzureError, throttled } from './errors.ts'

const windowMs = 60_000

/** What a call asks of its deployment's limits. */
export interface Demand {
  /** Prompt tokens and the most that may be answered. */
  readonly tokens: number
  readonly azureName: string
  readonly apiVersion: string
}

/** Limits of one deployment. Takes the demand and adds the headers that say what is left; throws 429 when it does not fit. */
export interface Limits {
  take(demand: Demand, headers: Record<string, string>): void
  /** Tokens that were produced beyond the demand (an answer without an upper bound). */
  add(tokens: number): void
}

/** Null where the deployment has none: then no header speaks of them. */
export function limitsOf(spec: SimulatedDeployment, clock: Clock): Limits | null {
  if (spec.kind === 'provisioned') return new ProvisionedLimits(spec.tokensPerMinute ?? null, clock)
  if (spec.tokensPerMinute === undefined && spec.requestsPerMinute === undefined) return null
  return new StandardLimits(spec.tokensPerMinute ?? null, spec.requestsPerMinute ?? null, clock)
}

/**
 * Standard: windows of one minute from the first call on. Every call counts as a request, refused ones too, as in Azure.
 * A call larger than the whole token limit is let in when nothing else ran in the minute: it could never run otherwise.
 */
class StandardLimits implements Limits {
  readonly #tokensMax: number | null
  readonly #requestsMax: number | null
  readonly #clock: Clock
  #startedAtMs = 0
  #tokens = 0
  #requests = 0

  constructor(tokensMax: number | null, requestsMax: number | null, clock: Clock) {
    this.#tokensMax = tokensMax
    this.#requestsMax = requestsMax
    this.#clock = clock
  }

  take(demand: Demand, headers: Record<string, string>): void {
    const now = this.#clock()
    if (now - this.#startedAtMs >= windowMs || now < this.#startedAtMs) {
      this.#startedAtMs = now
      this.#tokens = 0
      this.#requests = 0
    }
    const leftMs = this.#startedAtMs + windowMs - now
    this.#requests += 1
    const refusal = this.#refusal(demand, leftMs)
    if (!refusal) this.#tokens += demand.tokens
    this.#tell(headers, Math.ceil(leftMs / 1000))
    if (refusal) throw refusal
  }

  add(tokens: number): void {
    this.#tokens += tokens
  }

  #refusal({ tokens, azureName, apiVersion }: Demand, leftMs: number): AzureError | null {
    const said = { operation: azureName, apiVersion, retryAfterMs: leftMs }
    if (this.#requestsMax !== null && this.#requests > this.#requestsMax)
      return throttled({ ...said, rate: 'call rate limit' })
    const tokensFit = this.#tokensMax === null || this.#tokens === 0 || this.#tokens + tokens <= this.#tokensMax
    return tokensFit ? null : throttled({ ...said, rate: 'token rate limit' })
  }

  #tell(headers: Record<string, string>, resetSeconds: number): void {
    const both = [
      ['requests', this.#requestsMax, this.#requests],
      ['tokens', this.#tokensMax, this.#tokens],
    ] as const
    for (const [unit, most, used] of both) {
      if (most === null) continue
      headers[`x-ratelimit-limit-${unit}`] = String(most)
      headers[`x-ratelimit-remaining-${unit}`] = String(Math.max(0, most - used))
      headers[`x-ratelimit-reset-${unit}`] = String(resetSeconds)
    }
  }
}

/**
 * Provisioned: a bucket that drains at the capacity's speed. Utilisation is its level over one minute's capacity, told on every
 * answer; above 100 % calls are refused until it has drained below. Without a capacity the utilisation stays 0.
 */
class ProvisionedLimits implements Limits {
  readonly #tokensPerMinute: number | null
  readonly #clock: Clock
  #level = 0
  #seenAtMs = 0

  constructor(tokensPerMinute: number | null, clock: Clock) {
    this.#tokensPerMinute = tokensPerMinute
    this.#clock = clock
  }

  take({ tokens, azureName, apiVersion }: Demand, headers: Record<string, string>): void {
    const capacity = this.#tokensPerMinute
    const now = this.#clock()
    const drained = capacity === null ? this.#level : (Math.max(0, now - this.#seenAtMs) * capacity) / windowMs
    this.#level = Math.max(0, this.#level - drained)
    this.#seenAtMs = now
    const full = capacity !== null && this.#level >= capacity
    if (!full) this.#level += tokens
    headers['azure-openai-deployment-utilization'] =
      `${capacity === null ? '0.0' : ((this.#level / capacity) * 100).toFixed(1)}%`
    if (!full) return
    const retryAfterMs = ((this.#level - capacity) / capacity) * windowMs + 1
    throw throttled({ operation: azureName, apiVersion, rate: 'provisioned throughput', retryAfterMs })
  }

  add(tokens: number): void {
    this.#level += tokens
  }
}
