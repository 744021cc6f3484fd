/** Time to the first byte of recent calls: a moving mean, and a histogram in which old values fade. */

/** Bounds grow by this factor from 1 ms on: 60 of them reach ten minutes, each value known within 12 %. */
const factor = 1.25
const buckets = 60
const logFactor = Math.log(factor)
/** The newest values, this many, weigh as much as all values before them. */
const halfLife = 256
/** Share of the newest value in the mean. */
const newest = 0.2

export class Latency {
  readonly #counts = new Float64Array(buckets)
  #total = 0
  #untilDecay = halfLife
  /** Moving mean, milliseconds; null before the first. */
  meanMs: number | null = null
  /** Time of the newest value, milliseconds since the epoch. */
  lastAtMs = 0

  add(ms: number, nowMs: number): void {
    this.meanMs = this.meanMs === null ? ms : this.meanMs + newest * (ms - this.meanMs)
    this.lastAtMs = nowMs
    const bucket = ms <= 1 ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms) / logFactor))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total += 1
    this.#untilDecay -= 1
    if (this.#untilDecay === 0) this.#decay()
  }

  /**
   * The latency that this percentage of recent calls did not exceed, milliseconds, rounded up to a bound.
   * @param percent 0..100.
   * @param least fewest values for a result.
   * @returns null while there are fewer.
   */
  percentile(percent: number, least = 1): number | null {
    if (this.#total < least || this.#total === 0) return null
    let left = (this.#total * percent) / 100
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      left -= this.#counts[bucket] ?? 0
      if (left <= 1e-9) return factor ** bucket
    }
    return factor ** (buckets - 1)
  }

  #decay(): void {
    this.#untilDecay = halfLife
    this.#total = 0
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const half = (this.#counts[bucket] ?? 0) / 2
      this.#counts[bucket] = half < 0.01 ? 0 : half
      this.#total += this.#counts[bucket] ?? 0
    }
  }
}
