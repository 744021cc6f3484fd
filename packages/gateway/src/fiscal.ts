/** Quarters and years that begin with a fiscal year, as dates. */

export type FiscalUnit = 'quarter' | 'year'

/** A fiscal year that begins on 1 January. */
export const calendarYear = '01-01'

export const fiscalUnits: Readonly<Record<FiscalUnit, { readonly months: number }>> = {
  quarter: { months: 3 },
  year: { months: 12 },
}

export interface FiscalSpan {
  readonly first: Temporal.PlainDate
  /** First day of the next one. */
  readonly next: Temporal.PlainDate
}

/** Days that every month has; with a later one, some quarters would begin in the month before. */
const lastDay = 28

/** Month and day of the first day of a fiscal year, written as `04-01`; null for any other text. */
export function fiscalStartOf(text: string): { readonly month: number; readonly day: number } | null {
  const [, month, day] = /^(\d\d)-(\d\d)$/.exec(text) ?? []
  const start = { month: Number(month), day: Number(day) }
  const isOne = start.month >= 1 && start.month <= 12 && start.day >= 1 && start.day <= lastDay
  return isOne ? start : null
}

/** The fiscal quarter or year that has this day. @param start a text that `fiscalStartOf` reads. */
export function fiscalSpan(unit: FiscalUnit, at: Temporal.PlainDate, start: string): FiscalSpan {
  const { month, day } = fiscalStartOf(start) ?? { month: 1, day: 1 }
  const { months } = fiscalUnits[unit]
  // Moved back so that every quarter begins on the first of a month: no month is left out, as day is at most 28.
  const moved = at.subtract({ days: day - 1 })
  const since = (moved.month - month + 12) % months
  const first = moved.with({ day: 1 }).subtract({ months: since }).with({ day })
  return { first, next: first.add({ months }) }
}
