/**
 * Calendar windows in a time zone: hours, days, weeks from Monday, months, and quarters and years of a fiscal year.
 * Days may have 23 or 25 hours.
 */
import { fiscalSpan } from '../../fiscal.ts'
import type { CalendarUnit } from './measures.ts'

/** What decides where windows begin: both are settings of `limits`, checked by the configuration. */
export interface CalendarSettings {
  /** IANA name. */
  readonly timeZone: string
  /** First day of a fiscal year, as `04-01`. */
  readonly fiscalYearStart: string
}

export interface CalendarSpan {
  /** Inclusive, in ms since the epoch. */
  readonly startMs: number
  /** Exclusive. */
  readonly endMs: number
}

export class Calendar {
  readonly #current = new Map<CalendarUnit, CalendarSpan>()
  #settings: CalendarSettings

  constructor(settings: CalendarSettings) {
    this.#settings = settings
  }

  /** Switches to another zone or fiscal year. Tallies keep their current windows to their old ends. */
  use(settings: CalendarSettings): void {
    this.#settings = settings
    this.#current.clear()
  }

  /** Computed once per window: the boundaries are cached until the window ends. */
  windowAt(unit: CalendarUnit, atMs: number): CalendarSpan {
    const current = this.#current.get(unit)
    if (current !== undefined && atMs >= current.startMs && atMs < current.endMs) return current
    const window = windowAt(unit, atMs, this.#settings)
    this.#current.set(unit, window)
    return window
  }
}

function windowAt(unit: CalendarUnit, atMs: number, { timeZone, fiscalYearStart }: CalendarSettings): CalendarSpan {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone)
  if (unit === 'quarter' || unit === 'year') {
    const { first, next } = fiscalSpan(unit, at.toPlainDate(), fiscalYearStart)
    return {
      startMs: first.toZonedDateTime(timeZone).epochMilliseconds,
      endMs: next.toZonedDateTime(timeZone).epochMilliseconds,
    }
  }
  const start = startOf(unit, at)
  return { startMs: start.epochMilliseconds, endMs: endOf(unit, start).epochMilliseconds }
}

type ClockUnit = Exclude<CalendarUnit, 'quarter' | 'year'>

function startOf(unit: ClockUnit, at: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  switch (unit) {
    case 'hour':
      return startOfHour(at)
    case 'day':
      return at.startOfDay()
    case 'week':
      return at.subtract({ days: at.dayOfWeek - 1 }).startOfDay()
    case 'month':
      return at.with({ day: 1 }).startOfDay()
  }
}

function endOf(unit: ClockUnit, start: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  switch (unit) {
    case 'hour':
      return endOfHour(start)
    case 'day':
      return start.add({ days: 1 }).startOfDay()
    case 'week':
      return start.add({ weeks: 1 }).startOfDay()
    case 'month':
      return start.add({ months: 1 }).startOfDay()
  }
}

/**
 * In exact time: an hour that occurs twice is two windows. Where clocks change within an hour (by half an hour on Lord
 * Howe Island), one window ends and the next begins at the change.
 */
function startOfHour(at: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  const start = at.subtract({ minutes: at.minute, seconds: at.second, milliseconds: at.millisecond })
  if (start.offsetNanoseconds === at.offsetNanoseconds) return start
  // The last change at or before `at`.
  return at.add({ nanoseconds: 1 }).getTimeZoneTransition('previous') ?? start
}

function endOfHour(start: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  const end = start.add({ hours: 1 }).subtract({ minutes: start.minute, seconds: start.second })
  if (end.subtract({ nanoseconds: 1 }).offsetNanoseconds === start.offsetNanoseconds) return end
  return start.getTimeZoneTransition('next') ?? end
}
