/**
 * Periods as people type them: `--month last`, `--quarter this`, `--from 7d`, `--from 2026-11-01 --to 2026-11-30`,
 * `--from yesterday`. Days and months are those of a time zone; quarters and years are fiscal ones.
 */
import { InvalidArgumentError } from 'commander'
import type { Clock } from '../../clock.ts'
import { calendarYear, type FiscalUnit, fiscalSpan, fiscalStartOf } from '../../fiscal.ts'
import { CliError } from '../errors.ts'

/** Two ends as the management API takes them: the start is included, the end is not. */
export interface Period {
  readonly from: string | undefined
  readonly to: string | undefined
}

export interface PeriodOptions {
  readonly from?: string
  readonly to?: string
  /** `2026-10`, `this` or `last`; instead of the other two. */
  readonly month?: string
  /** `this`, `last`, or a day or month of a fiscal quarter; instead of all others. */
  readonly quarter?: string
  /** `this`, `last`, or a day or month of a fiscal year; instead of all others. */
  readonly year?: string
  /** IANA name. Default: UTC. */
  readonly timeZone?: string
  /** First day of a fiscal year, as `04-01`. Default: 1 January. */
  readonly fiscalYearStart?: string
}

type End = 'from' | 'to'
type Zoned = Temporal.ZonedDateTime

const ago = /^(\d{1,5})([mhdw])$/
const aYear = /^\d{4}$/
const date = /^(\d{4})-(\d\d)(?:-(\d\d))?$/
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
/** Each so many days before today. */
const days: ReadonlyMap<string, number> = new Map([
  ['today', 0],
  ['yesterday', 1],
])

export const periodHelp = '7d, 12h, today, yesterday, a date, a month (2026-11) or an instant (2026-11-01T08:00:00Z)'

/** Checks the end of a period, for commander, which adds the option's name to the message. */
export function periodEnd(text: string): string {
  if (endOf(text, 'from', utc(0)) === null) throw new InvalidArgumentError(`Expected ${periodHelp}.`)
  return text
}

/** The same where a whole month, quarter or year has an option of its own, which people look for in this one. */
export function periodEndOrWhole(text: string): string {
  if (!/month|quarter|year/i.test(text)) return periodEnd(text)
  throw new InvalidArgumentError(
    `Expected ${periodHelp}. A whole period is --month last, --quarter last or --year last.`,
  )
}

/** Checks a month, for commander. */
export function monthText(text: string): string {
  if (text === 'this' || text === 'last') return text
  const isMonth = text.length === 7 && endOf(text, 'from', utc(0)) !== null
  if (!isMonth) throw new InvalidArgumentError('Expected a month (2026-10), this or last.')
  return text
}

/** Checks a fiscal quarter, for commander. */
export function quarterText(text: string): string {
  if (text === 'this' || text === 'last' || date.test(text)) return periodStart(text)
  throw new InvalidArgumentError('Expected this, last, or a month or day of the quarter (2026-10).')
}

/** Checks a fiscal year, for commander. */
export function yearText(text: string): string {
  if (text === 'this' || text === 'last' || aYear.test(text) || date.test(text)) return periodStart(text)
  throw new InvalidArgumentError('Expected this, last, a year (2026), or a month or day of it (2026-10).')
}

function periodStart(text: string): string {
  return date.test(text) ? periodEnd(text) : text
}

/** Checks the first day of a fiscal year, for commander. */
export function fiscalStartText(text: string): string {
  if (fiscalStartOf(text) !== null) return text
  throw new InvalidArgumentError('Expected month and day, as 04-01 for 1 April; the day is 01 to 28.')
}

/** Checks the name of a time zone, for commander. */
export function zoneText(text: string): string {
  try {
    return utc(0).withTimeZone(text).timeZoneId
  } catch {
    throw new InvalidArgumentError('Expected the name of a time zone, as Europe/Berlin or UTC.')
  }
}

/** True where the period depends on when a fiscal year begins. */
export function isFiscal({ quarter, year }: PeriodOptions): boolean {
  return quarter !== undefined || year !== undefined
}

/** True where the period depends on when a day begins. */
export function isByDays({ from, to, month, ...fiscal }: PeriodOptions): boolean {
  return (
    month !== undefined ||
    isFiscal(fiscal) ||
    [from, to].some(text => text !== undefined && (date.test(text) || days.has(text)))
  )
}

/**
 * `to` as a date or a month includes that day or month. Both texts must have passed `periodEnd`.
 * @throws CliError `usage` for a period that ends before it begins
 */
export function periodOf(from: string | undefined, to: string | undefined, clock: Clock): Period {
  return periodAt(from, to, utc(clock()))
}

/**
 * A period of the past. Texts must have passed the checks above.
 * @throws CliError `usage` for a period that ends before it begins, or has not begun
 */
export function periodFrom(options: PeriodOptions, clock: Clock): Period {
  const { from, to, month, quarter, year, timeZone = 'UTC', fiscalYearStart = calendarYear } = options
  const now = utc(clock()).withTimeZone(timeZone)
  requireOneWay(options)
  if (quarter !== undefined) return fiscalPeriod('quarter', quarter, fiscalYearStart, now)
  if (year !== undefined) return fiscalPeriod('year', year, fiscalYearStart, now)
  if (month !== undefined) {
    const named = monthNamed(month, now)
    const ends = { from: isoOf(named, 'from', now), to: isoOf(named, 'to', now) }
    requireBegun(ends.from, '--month', named, now)
    return month === 'this' ? { ...ends, to: undefined } : ends
  }
  const ends = periodAt(from, to, now)
  requireBegun(ends.from, '--from', from, now)
  return ends
}

/** @throws CliError `usage` where a period is named in two ways. */
function requireOneWay({ from, to, month, quarter, year }: PeriodOptions): void {
  const wholes = Object.entries({ month, quarter, year }).flatMap(([name, text]) => (text === undefined ? [] : [name]))
  const [whole, other] = wholes
  if (whole === undefined) return
  if (other !== undefined) throw wrong(`--${whole} and --${other} exclude each other.`, 'one of them')
  if (from === undefined && to === undefined) return
  throw wrong(`--${whole} and --from or --to exclude each other.`, `--${whole} alone`)
}

/** @throws CliError `usage` for a year whose number says nothing, and a period that has not begun. */
function fiscalPeriod(unit: FiscalUnit, text: string, start: string, now: Zoned): Period {
  const today = now.toPlainDate()
  const current = fiscalSpan(unit, today, start)
  const at = text === 'this' ? today : text === 'last' ? current.first.subtract({ days: 1 }) : dayIn(text, start)
  const { first, next } = fiscalSpan(unit, at, start)
  const iso = (day: Temporal.PlainDate): string =>
    new Date(day.toZonedDateTime(now.timeZoneId).epochMilliseconds).toISOString()
  requireBegun(iso(first), `--${unit}`, text, now)
  return { from: iso(first), to: text === 'this' ? undefined : iso(next) }
}

/** A day of the fiscal quarter or year that is meant: of a month its last, as a quarter may begin in it. */
function dayIn(text: string, start: string): Temporal.PlainDate {
  if (aYear.test(text)) {
    if (start !== calendarYear) {
      const what = `${text} has parts of two fiscal years, which begin on ${start}.`
      throw wrong(what, `--year ${text}-${start.slice(0, 2)}, for the one that begins in ${text}`)
    }
    return new Temporal.PlainDate(Number(text), 1, 1)
  }
  const [, year, month, day] = date.exec(text) ?? []
  const first = new Temporal.PlainDate(Number(year), Number(month), Number(day ?? 1))
  return day === undefined ? first.add({ months: 1 }).subtract({ days: 1 }) : first
}

/** No zone is more than a day from another. */
const zonesMs = 2 * unitMs.d

/**
 * Refuses a period that is wrong in every time zone, before the zone is known.
 * @throws CliError `usage`
 */
export function requirePossible({ timeZone: _, ...options }: PeriodOptions, clock: Clock): void {
  requireOneWay(options)
  // When it begins is known with the fiscal year alone.
  if (isFiscal(options)) return
  const { from, to } = options
  // Two ends by days are in the same order in every zone; others are compared when the zone is known.
  const areByDays = [from, to].every(text => text !== undefined && isByDays({ from: text }))
  periodFrom(
    areByDays || options.month !== undefined ? options : { ...(from === undefined ? {} : { from }) },
    () => clock() + zonesMs,
  )
}

function periodAt(from: string | undefined, to: string | undefined, now: Zoned): Period {
  const ends = { from: isoOf(from, 'from', now), to: isoOf(to, 'to', now) }
  if (ends.from !== undefined && ends.to !== undefined && ends.from >= ends.to) {
    const isSame = (isoOf(to, 'from', now) ?? '') >= ends.from
    const relation = isSame ? 'the same moment as' : 'before'
    const what = `--to (${spokenEnd(to ?? '', now)}) is ${relation} --from (${spokenEnd(from ?? '', now)}).`
    throw wrong(what, 'an earlier --from, or a later --to')
  }
  return ends
}

/** The month of the last moment before an end that has no start; null where there is no end. */
export function monthOf({ to, timeZone = 'UTC' }: PeriodOptions, clock: Clock): string | null {
  const atMs = to === undefined ? null : endOf(to, 'to', utc(clock()).withTimeZone(timeZone))
  if (atMs === null) return null
  return utc(atMs - 1)
    .withTimeZone(timeZone)
    .toPlainDate()
    .toPlainYearMonth()
    .toString()
}

/** A period in words, as `in October 2026` or `from 2026-10-01 00:00 to now`, with its zone. */
export function spokenPeriod({ from, to }: Period, timeZone: string, nowMs: number): string {
  const zoned = (end: string): Zoned => utc(Date.parse(end)).withTimeZone(timeZone)
  const text = (end: string): string => zoned(end).toPlainDateTime().toString().slice(0, 16).replace('T', ' ')
  const start = from === undefined ? null : zoned(from)
  const isMonth = start?.equals(start.with({ day: 1 }).startOfDay()) === true
  if (start !== null && isMonth) {
    const name = monthName(start.year, start.month)
    const next = start.add({ months: 1 }).startOfDay()
    if (to === undefined && nowMs < next.epochMilliseconds) return `in ${name} so far (${timeZone})`
    if (to !== undefined && zoned(to).equals(next)) return `in ${name} (${timeZone})`
  }
  const begin = from === undefined ? 'up' : `from ${text(from)}`
  return `${begin} to ${to === undefined ? 'now' : text(to)} (${timeZone})`
}

function utc(ms: number): Zoned {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toZonedDateTimeISO('UTC')
}

function wrong(what: string, next: string): CliError {
  return new CliError('usage', what, null, next, { exitCode: 2 })
}

function requireBegun(from: string | undefined, option: string, text = '', now: Zoned): void {
  if (from === undefined || Date.parse(from) <= now.epochMilliseconds) return
  throw wrong(`This period has not begun: ${option} (${spokenEnd(text, now)}) is in the future.`, 'an earlier start')
}

function monthNamed(month: string, now: Zoned): string {
  if (month !== 'this' && month !== 'last') return month
  const first = now.toPlainDate().toPlainYearMonth()
  return (month === 'this' ? first : first.subtract({ months: 1 })).toString()
}

function isoOf(text: string | undefined, end: End, now: Zoned): string | undefined {
  const atMs = text === undefined ? null : endOf(text, end, now)
  return atMs === null ? undefined : new Date(atMs).toISOString()
}

/** Milliseconds since the epoch; null for a text of another form. */
function endOf(text: string, end: End, now: Zoned): number | null {
  const [, count, unit] = ago.exec(text) ?? []
  if (count !== undefined) return now.epochMilliseconds - Number(count) * unitMs[unit as keyof typeof unitMs]
  const before = days.get(text)
  if (before !== undefined) return midnight(now.toPlainDate().subtract({ days: before }), end, now, { days: 1 })
  const [, year, month, day] = date.exec(text) ?? []
  if (year !== undefined) {
    const first = dateOf(Number(year), Number(month), Number(day ?? 1))
    return first === null ? null : midnight(first, end, now, day === undefined ? { months: 1 } : { days: 1 })
  }
  const moment = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.exec(text)
  // `Date.parse` reads a 30th of February as the 1st of March.
  if (moment === null || dateOf(Number(moment[1]), Number(moment[2]), Number(moment[3])) === null) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : atMs
}

/** The first moment of a date, or of that after the day or month that begins with it. */
function midnight(
  first: Temporal.PlainDate,
  end: End,
  { timeZoneId }: Zoned,
  length: { readonly days: 1 } | { readonly months: 1 },
): number {
  return (end === 'from' ? first : first.add(length)).toZonedDateTime(timeZoneId).epochMilliseconds
}

/** Null for a 31st of February. */
function dateOf(year: number, month: number, day: number): Temporal.PlainDate | null {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' })
  } catch {
    return null
  }
}

/** An end as it was typed, and what it means where that is not the same. */
function spokenEnd(text: string, now: Zoned): string {
  const [, year, month, day] = date.exec(text) ?? []
  if (year !== undefined && day === undefined) return monthName(Number(year), Number(month))
  const before = days.get(text)
  if (before !== undefined) return `${text}, ${now.toPlainDate().subtract({ days: before }).toString()}`
  return text
}

function monthName(year: number, month: number): string {
  return new Date(Date.UTC(year, month - 1)).toLocaleString('en-GB', {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  })
}
