/** What a budget of a month will have used at its end, if the rest of the month is as what has passed. */

export interface Budget {
  readonly used: number
  readonly limit: number
  /** End of the month, ms since the epoch. */
  readonly renewsAtMs: number
}

export interface Forecast {
  /** At the end of the month, in the unit of `used`. */
  readonly atEnd: number
  /** When the limit is used up; null when not within the month. */
  readonly overAtMs: number | null
}

/** Before it, a single call would say everything. */
const passedMinMs = 86_400_000

/** @returns null where less than a day of the month has passed. */
export function forecastOf({ used, limit, renewsAtMs }: Budget, nowMs: number): Forecast | null {
  const startMs = monthBefore(renewsAtMs)
  const passedMs = nowMs - startMs
  if (passedMs < passedMinMs) return null
  const overAtMs = used >= limit ? nowMs : used === 0 ? Number.POSITIVE_INFINITY : startMs + (limit * passedMs) / used
  return { atEnd: (used * (renewsAtMs - startMs)) / passedMs, overAtMs: overAtMs < renewsAtMs ? overAtMs : null }
}

/**
 * The beginning of the month that ends then. Months begin at midnight of the gateway's zone, which is at most 14 hours
 * from UTC, so a day before the end is surely within the month.
 */
function monthBefore(endMs: number): number {
  const inMonth = new Date(endMs - passedMinMs)
  const days = new Date(Date.UTC(inMonth.getUTCFullYear(), inMonth.getUTCMonth() + 1, 0)).getUTCDate()
  return endMs - days * 86_400_000
}
