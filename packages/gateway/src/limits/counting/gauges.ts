import type { Gauge } from '../index.ts'
import type { Claim } from './counters.ts'

/**
 * Finds the tightest token and request limits among claims: those with the least left. Ignores limits in mode shadow,
 * which clients do not see.
 */
export class TightestGauges {
  tokens: Gauge | null = null
  requests: Gauge | null = null
  /** Below 0 where settled calls exceeded the limit; gauges show 0 then. */
  #tokensLeft = Number.POSITIVE_INFINITY
  #requestsLeft = Number.POSITIVE_INFINITY

  /** @param sum Used and reserved, including this call. */
  isTighter(claim: Claim, sum: number): boolean {
    if (!claim.enforce) return false
    const left = claim.limit - sum
    return claim.unit === 'tokens' ? left < this.#tokensLeft : claim.unit === 'requests' && left < this.#requestsLeft
  }

  /** @param resetMs Time until some or all of it is free again. */
  add(claim: Claim, sum: number, resetMs: number): void {
    const left = claim.limit - sum
    const gauge = gaugeOf(claim, left, resetMs)
    if (claim.unit === 'tokens') {
      this.tokens = gauge
      this.#tokensLeft = left
    } else {
      this.requests = gauge
      this.#requestsLeft = left
    }
  }
}

export function gaugeOf({ rule, limitText }: Claim, left: number, resetMs: number): Gauge {
  return { rule, limitText, remaining: Math.max(0, left), resetSeconds: Math.ceil(resetMs / 1_000) }
}
