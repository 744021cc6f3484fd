/** Whole months, quarters and fiscal years, as reports of costs have them. They begin where those of the budgets do. */
import type { Range } from '../../app/period.ts'

/** What decides where periods begin: settings of `limits`. */
export interface BudgetCalendar {
  /** IANA name. */
  readonly timeZone: string
  /** First day of a fiscal year, as `04-01`. */
  readonly fiscalYearStart: string
}

export const wholePeriods = [
  'thisMonth',
  'lastMonth',
  'thisQuarter',
  'lastQuarter',
  'thisYear',
  'threeMonths',
  'twelveMonths',
] as const
export type WholePeriod = (typeof wholePeriods)[number]

/** Months since the year 0: their number is their distance. */
type Month = number

/** The present month, quarter or year counts whole, and is the last of three or twelve months. */
export function wholePeriod(period: WholePeriod, nowMs: number, { timeZone, fiscalYearStart }: BudgetCalendar): Range {
  const { month, day } = dateIn(timeZone, nowMs)
  const between = (first: Month, next: Month, from = 1): Range => ({
    fromMs: startOfDay(first, from, timeZone),
    toMs: startOfDay(next, from, timeZone),
  })
  const [startMonth = 1, startDay = 1] = fiscalYearStart.split('-').map(Number)
  // Before that day, a month still belongs to the quarter of the month before.
  const moved = day < startDay ? month - 1 : month
  const since = (months: number): Month => moved - ((moved - (startMonth - 1)) % months)
  switch (period) {
    case 'thisMonth':
      return between(month, month + 1)
    case 'lastMonth':
      return between(month - 1, month)
    case 'thisQuarter':
      return between(since(3), since(3) + 3, startDay)
    case 'lastQuarter':
      return between(since(3) - 3, since(3), startDay)
    case 'thisYear':
      return between(since(12), since(12) + 12, startDay)
    case 'threeMonths':
      return between(month - 2, month + 1)
    case 'twelveMonths':
      return between(month - 11, month + 1)
    default:
      return period satisfies never
  }
}

/** `2026-10-01 00:00`, in a time zone. */
export function minuteIn(timeZone: string, ms: number): string {
  return new Date(wallClock(timeZone, ms)).toISOString().slice(0, 16).replace('T', ' ')
}

function dateIn(timeZone: string, ms: number): { readonly month: Month; readonly day: number } {
  const wall = new Date(wallClock(timeZone, ms))
  return { month: wall.getUTCFullYear() * 12 + wall.getUTCMonth(), day: wall.getUTCDate() }
}

/** What clocks of the zone show, as if they were in UTC; ms since the epoch. */
function wallClock(timeZone: string, ms: number): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  })
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'))
}

const dayMs = 86_400_000

/** The first moment of a day in a zone: midnight, or later where clocks are set forward at midnight. */
function startOfDay(month: Month, day: number, timeZone: string): number {
  const midnight = Date.UTC(Math.floor(month / 12), month % 12, day)
  // Clocks may change on this day, so the offsets of the days around it are tried.
  const tries = [midnight - dayMs, midnight + dayMs].map(ms => midnight - (wallClock(timeZone, ms) - ms))
  return Math.min(...tries.filter(ms => wallClock(timeZone, ms) >= midnight))
}
