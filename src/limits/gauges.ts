import type { Claim } from './counters.ts'
import type { Gauge } from './index.ts'

/** Finds the tightest token and request limits among claims: those with the least left. Limits in mode shadow are nobody's to see. */
export class GaugesSoFar {
  tokens: Gauge | null = null
  requests: Gauge | null = null

  /** @param sum Used and reserved, what the call takes included. */
  isTighter(claim: Claim, sum: number): boolean {
    if (!claim.enforce) return false
    const { unit } = claim
    if (unit === 'tokens') return this.tokens === null || claim.limit - sum < this.tokens.remaining
    return unit === 'requests' && (this.requests === null || claim.limit - sum < this.requests.remaining)
  }

  /** @param resetMs Until some or all of it is back. */
  add(claim: Claim, sum: number, resetMs: number): void {
    const gauge = gaugeOf(claim, claim.limit - sum, resetMs)
    if (claim.unit === 'tokens') this.tokens = gauge
    else this.requests = gauge
  }
}

export function gaugeOf({ rule, limitText }: Claim, left: number, resetMs: number): Gauge {
  return { rule, limitText, remaining: Math.max(0, left), resetSeconds: Math.ceil(resetMs / 1_000) }
}
