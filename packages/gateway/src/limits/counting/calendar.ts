/** Calendar windows in a time zone: hours, days, weeks from Monday, and months. Days may have 23 or 25 hours. */
import type { CalendarUnit } from './measures.ts'

export interface CalendarSpan {
  /** Inclusive, in ms since the epoch. */
  readonly startMs: number
  /** Exclusive. */
  readonly endMs: number
}

export class Calendar {
  readonly #current: Record<CalendarUnit, CalendarSpan | null> = { hour: null, day: null, week: null, month: null }
  #timeZone: string

  /** @param timeZone IANA name, checked by the configuration. */
  constructor(timeZone: string) {
    this.#timeZone = timeZone
  }

  /** Switches to another zone. Tallies keep their current windows to their old ends. */
  use(timeZone: string): void {
    if (timeZone === this.#timeZone) return
    this.#timeZone = timeZone
    for (const unit of ['hour', 'day', 'week', 'month'] as const) this.#current[unit] = null
  }

  /** Computed once per window: the boundaries are cached until the window ends. */
  windowAt(unit: CalendarUnit, atMs: number): CalendarSpan {
    const current = this.#current[unit]
    if (current !== null && atMs >= current.startMs && atMs < current.endMs) return current
    const window = windowAt(unit, atMs, this.#timeZone)
    this.#current[unit] = window
    return window
  }
}

function windowAt(unit: CalendarUnit, atMs: number, timeZone: string): CalendarSpan {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone)
  const start = startOf(unit, at)
  return { startMs: start.epochMilliseconds, endMs: endOf(unit, start).epochMilliseconds }
}

function startOf(unit: CalendarUnit, at: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
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

function endOf(unit: CalendarUnit, start: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
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
