/**
 * Periods as people type them: `--from 7d`, `--from 2026-11-01 --to 2026-11-30`, `--from 2026-11`. In UTC, like the
 * reports.
 */
import { InvalidArgumentError } from 'commander'
import type { Clock } from '../../clock.ts'

/** Two ends as the management API takes them: the start is included, the end is not. */
export interface Period {
  readonly from: string | undefined
  readonly to: string | undefined
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

export const periodHelp = '7d, 12h, a date, a month (2026-11) or an instant (2026-11-01T08:00:00Z)'

/** Checks the end of a period, for commander, which adds the option's name to the message. */
export function periodEnd(text: string): string {
  if (instantOf(text, 0, 'from') === null) throw new InvalidArgumentError(`Expected ${periodHelp}.`)
  return text
}

/** `to` as a date or a month includes that day or month. Both texts must have passed `periodEnd`. */
export function periodOf(from: string | undefined, to: string | undefined, clock: Clock): Period {
  const nowMs = clock()
  return { from: isoOf(from, nowMs, 'from'), to: isoOf(to, nowMs, 'to') }
}

function isoOf(text: string | undefined, nowMs: number, end: 'from' | 'to'): string | undefined {
  const atMs = text === undefined ? null : instantOf(text, nowMs, end)
  return atMs === null ? undefined : new Date(atMs).toISOString()
}

function instantOf(text: string, nowMs: number, end: 'from' | 'to'): number | null {
  const ago = /^(\d{1,5})([mhdw])$/.exec(text)
  if (ago !== null) return nowMs - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs]
  const date = /^(\d{4})-(\d\d)(?:-(\d\d))?$/.exec(text)
  if (date !== null)
    return dateOf(Number(date[1]), Number(date[2]), date[3] === undefined ? null : Number(date[3]), end)
  const moment = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.exec(text)
  // `Date.parse` reads a 30th of February as the 1st of March.
  if (moment === null || dateOf(Number(moment[1]), Number(moment[2]), Number(moment[3]), 'from') === null) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : atMs
}

/** Midnight at the start of a day or a month, or at its end. Null for a 31st of February. */
function dateOf(year: number, month: number, day: number | null, end: 'from' | 'to'): number | null {
  const startMs = Date.UTC(year, month - 1, day ?? 1)
  const start = new Date(startMs)
  if (start.getUTCMonth() !== month - 1 || start.getUTCDate() !== (day ?? 1)) return null
  if (end === 'from') return startMs
  return day === null ? Date.UTC(year, month, 1) : startMs + unitMs.d
}
