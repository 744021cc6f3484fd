/** What a limit of a year, quarter, month, week or day will have used at its end, if the rest is as what has passed. */

export interface Budget {
  readonly used: number
  readonly limit: number
  /** Start of its window, ms since the epoch. */
  readonly beganAtMs: number
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

/** Windows that a forecast helps in: the others are over before. */
export const isForecast = (measure: string): boolean => /Per(?:Day|Week|Month|Quarter|Year)$/.test(measure)

/** Budgets that people plan by. */
export const isBudget = (measure: string): boolean => /Per(?:Month|Quarter|Year)$/.test(measure)

/**
 * Null for windows that are over before a forecast helps, and where less than a twelfth of the day, or less than a day
 * of what is longer, has passed.
 */
export function forecastOf(
  measure: string,
  { used, limit, beganAtMs, renewsAtMs }: Budget,
  nowMs: number,
): Forecast | null {
  if (!isForecast(measure)) return null
  const passedMs = nowMs - beganAtMs
  if (passedMs < (measure.endsWith('PerDay') ? dayMs / 12 : passedMinMs)) return null
  const overAtMs = used >= limit ? nowMs : used === 0 ? Number.POSITIVE_INFINITY : beganAtMs + (limit * passedMs) / used
  return { atEnd: (used * (renewsAtMs - beganAtMs)) / passedMs, overAtMs: overAtMs < renewsAtMs ? overAtMs : null }
}
