/** Periods of whole months, as reports of costs have them. Months begin at midnight UTC, as those of the ledger. */
import type { Range } from '../../app/period.ts'

export const monthPeriods = ['thisMonth', 'lastMonth', 'quarter', 'year'] as const
export type MonthPeriod = (typeof monthPeriods)[number]

/** The present month counts whole, and is the last of three or twelve. */
export function monthsOf(period: MonthPeriod, nowMs: number): Range {
  const now = new Date(nowMs)
  const month = (away: number): number => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + away, 1)
  switch (period) {
    case 'thisMonth':
      return { fromMs: month(0), toMs: month(1) }
    case 'lastMonth':
      return { fromMs: month(-1), toMs: month(0) }
    case 'quarter':
      return { fromMs: month(-2), toMs: month(1) }
    case 'year':
      return { fromMs: month(-11), toMs: month(1) }
    default:
      return period satisfies never
  }
}
