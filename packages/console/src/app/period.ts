/** The period that pages look at, as the address says it. */

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** By name in the address: how long, in ms. */
export const spans = {
  '1h': hourMs,
  '6h': 6 * hourMs,
  '24h': dayMs,
  '7d': 7 * dayMs,
  '30d': 30 * dayMs,
  '90d': 90 * dayMs,
} as const satisfies Record<string, number>

export type Span = keyof typeof spans

/** The last hours or days, or from an instant until before another; ms since the epoch. */
export type Period = { readonly last: Span } | Range

export interface Range {
  readonly fromMs: number
  readonly toMs: number
}

export const periodDefault: Period = { last: '24h' }

/** The period in an address; the default where there is none or what there is makes no sense. */
export function readPeriod(address: Readonly<Record<string, string>>): Period {
  const { period = '', from = '', to = '' } = address
  const fromMs = Date.parse(from)
  const toMs = Date.parse(to)
  if (fromMs < toMs) return { fromMs, toMs }
  return Object.hasOwn(spans, period) ? { last: period as Span } : periodDefault
}

/** What the address says for a period; undefined members are left out of it. */
export function writePeriod(period: Period): Record<'period' | 'from' | 'to', string | undefined> {
  if ('last' in period) return { period: period.last, from: undefined, to: undefined }
  const instant = (ms: number): string => new Date(ms).toISOString()
  return { period: undefined, from: instant(period.fromMs), to: instant(period.toMs) }
}

/** @param nowMs the end of the last hours or days. */
export function rangeOf(period: Period, nowMs: number): Range {
  return 'last' in period ? { fromMs: nowMs - spans[period.last], toMs: nowMs } : period
}

/** The range of the same length just before. */
export function before({ fromMs, toMs }: Range): Range {
  return { fromMs: fromMs - (toMs - fromMs), toMs: fromMs }
}

/** A range as the management API takes it. */
export function asParameters({ fromMs, toMs }: Range): { readonly from: string; readonly to: string } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
}
