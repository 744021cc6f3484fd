/** Ends of orders as people say them: `3h`, `friday`, `2026-11-27`, an instant. */

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

export const untilForms = '3h, 2d, today, tomorrow, friday, a date (2026-11-27) or an instant (2026-11-27T18:00:00Z)'

/**
 * The time that a text means, in ms since the epoch; null for other texts. A day is meant to its end in this time zone,
 * and the name of a weekday is the next such day, today included.
 */
export function untilOf(text: string, nowMs: number, timeZone: string): number | null {
  const span = /^(\d{1,4})([mhdw])$/.exec(text)
  if (span !== null) return nowMs + Number(span[1]) * unitMs[span[2] as keyof typeof unitMs]
  const day = dayOf(text.toLowerCase(), nowMs, timeZone)
  if (day !== null) return day.add({ days: 1 }).toZonedDateTime({ timeZone }).epochMilliseconds
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return null
  }
}

function dayOf(text: string, nowMs: number, timeZone: string): Temporal.PlainDate | null {
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs)).toZonedDateTimeISO(timeZone).toPlainDate()
  if (text === 'today') return today
  if (text === 'tomorrow') return today.add({ days: 1 })
  const weekday = weekdays.indexOf(text) + 1
  if (weekday > 0) return today.add({ days: (weekday - today.dayOfWeek + 7) % 7 })
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null
  try {
    return Temporal.PlainDate.from(text)
  } catch {
    return null
  }
}
