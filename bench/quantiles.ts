/** Order statistics by nearest rank: every figure that is reported was really measured, none is interpolated. */

/**
 * The smallest value with at least the share `q` of all values at or below it (nearest rank).
 * `sorted`: ascending, at least one value. `q`: 0 < q <= 1. RangeError otherwise.
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (!(q > 0 && q <= 1)) throw new RangeError(`quantile: q must be in (0, 1], not ${q}`)
  const value = sorted[Math.ceil(q * sorted.length) - 1]
  if (value === undefined) throw new RangeError('quantile: no values')
  return value
}

/** The middle value; for an even number of values the lower of the two in the middle. At least one value. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

/** The centre of values, and how far the figure may be off. */
export interface Centre {
  /** Mean of the values without the tenth at either end, which single disturbances decide. */
  readonly value: number
  /** Largest distance of the true value, with 95 % certainty, as far as the values show (Tukey and McLaughlin 1963). */
  readonly within: number
}

/** Trimmed mean of at least one value. */
export function centre(values: readonly number[]): Centre {
  const sorted = Float64Array.from(values).sort()
  const cut = Math.floor(sorted.length / 10)
  const kept = sorted.subarray(cut, sorted.length - cut)
  const lowest = quantile(kept, Number.MIN_VALUE)
  const highest = quantile(kept, 1)
  const held = sorted.map(value => Math.min(Math.max(value, lowest), highest))
  const mean = meanOf(held)
  const variance = held.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, held.length - 1)
  const share = kept.length / sorted.length
  return { value: meanOf(kept), within: (1.96 * Math.sqrt(variance / sorted.length)) / share }
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Median, 99th percentile and largest of values in any order, or null when there are none. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
  }
}
