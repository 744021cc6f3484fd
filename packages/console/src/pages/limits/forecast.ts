/** What a limit of a month, a week or a day will have used at its end, if the rest is as what has passed. */

export interface Budget {
  readonly used: number
  readonly limit: number
  /** End of its window, ms since the epoch. */
  readonly renewsAtMs: number
}

export interface Forecast {
  /** At the end of the window, in the unit of `used`. */
  readonly atEnd: number
  /** When the limit is used up; null when not within the window. */
  readonly overAtMs: number | null
}

const dayMs = 86_400_000

/** Before it, a single call would say everything. */
const passedMinMs = dayMs

/** @returns null where less than a day of the month has passed. */
export function forecastOf(budget: Budget, nowMs: number): Forecast | null {
  return forecastFrom(monthBefore(budget.renewsAtMs), passedMinMs, budget, nowMs)
}

/**
 * As `forecastOf`, for the limit of a day, a week or a month; null for windows that are over before a forecast helps,
 * and where a twelfth of the day, or less than a day of what is longer, has passed.
 */
export function forecastOfMeasure(measure: string, budget: Budget, nowMs: number): Forecast | null {
  if (measure.endsWith('PerMonth')) return forecastOf(budget, nowMs)
  if (measure.endsWith('PerWeek')) return forecastFrom(budget.renewsAtMs - 7 * dayMs, passedMinMs, budget, nowMs)
  if (measure.endsWith('PerDay')) return forecastFrom(budget.renewsAtMs - dayMs, dayMs / 12, budget, nowMs)
  return null
}

function forecastFrom(
  startMs: number,
  leastMs: number,
  { used, limit, renewsAtMs }: Budget,
  nowMs: number,
): Forecast | null {
  const passedMs = nowMs - startMs
  if (passedMs < leastMs) return null
  const overAtMs = used >= limit ? nowMs : used === 0 ? Number.POSITIVE_INFINITY : startMs + (limit * passedMs) / used
  return { atEnd: (used * (renewsAtMs - startMs)) / passedMs, overAtMs: overAtMs < renewsAtMs ? overAtMs : null }
}

/**
 * The beginning of the month that ends then. Months begin at midnight of the gateway's zone, which is at most 14 hours
 * from UTC, so a day before the end is surely within the month.
 */
export function monthBefore(endMs: number): number {
  const inMonth = new Date(endMs - dayMs)
  const days = new Date(Date.UTC(inMonth.getUTCFullYear(), inMonth.getUTCMonth() + 1, 0)).getUTCDate()
  return endMs - days * dayMs
}
