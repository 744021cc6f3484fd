import type { LimitName } from '../../config/schema/index.ts'

/** The unit that a measure counts: tokens, calls, calls in flight, or billionths of the currency. */
export type Unit = 'tokens' | 'requests' | 'inFlight' | 'cost'

/** Units of windows that begin and end with the calendar. Quarters and years are fiscal ones. */
export const calendarUnits = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type CalendarUnit = (typeof calendarUnits)[number]

/** The time over which amounts are added up. */
export type WindowFacts =
  /**
   * Any period of `lengthMs`. Amounts are added to steps of `stepMs`, and expire when all of their step is older than
   * `lengthMs`.
   */
  | { readonly kind: 'sliding'; readonly lengthMs: number; readonly stepMs: number }
  /** From one boundary of the calendar in `limits.timeZone`, with `limits.fiscalYearStart`, to the next. */
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit }
  /** Calls in flight now, however long they take. */
  | { readonly kind: 'inFlight' }

const second = { kind: 'sliding', lengthMs: 1_000, stepMs: 10 } as const
const minute = { kind: 'sliding', lengthMs: 60_000, stepMs: 500 } as const

/** Every measure, one per row. */
export const measures: Readonly<Record<LimitName, { readonly unit: Unit; readonly window: WindowFacts }>> = {
  tokensPerMinute: { unit: 'tokens', window: minute },
  tokensPerHour: { unit: 'tokens', window: { kind: 'calendar', unit: 'hour' } },
  tokensPerDay: { unit: 'tokens', window: { kind: 'calendar', unit: 'day' } },
  tokensPerWeek: { unit: 'tokens', window: { kind: 'calendar', unit: 'week' } },
  tokensPerMonth: { unit: 'tokens', window: { kind: 'calendar', unit: 'month' } },
  tokensPerQuarter: { unit: 'tokens', window: { kind: 'calendar', unit: 'quarter' } },
  tokensPerYear: { unit: 'tokens', window: { kind: 'calendar', unit: 'year' } },
  requestsPerSecond: { unit: 'requests', window: second },
  requestsPerMinute: { unit: 'requests', window: minute },
  callsInFlight: { unit: 'inFlight', window: { kind: 'inFlight' } },
  costPerDay: { unit: 'cost', window: { kind: 'calendar', unit: 'day' } },
  costPerMonth: { unit: 'cost', window: { kind: 'calendar', unit: 'month' } },
  costPerQuarter: { unit: 'cost', window: { kind: 'calendar', unit: 'quarter' } },
  costPerYear: { unit: 'cost', window: { kind: 'calendar', unit: 'year' } },
}
