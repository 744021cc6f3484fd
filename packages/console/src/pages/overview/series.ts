/** Figures over time for the charts: a value per step, also for the steps without a call. */
import type { Range } from '../../app/period.ts'
import type { Line } from '../../parts/chart/options.ts'
import { overview as text } from '../../texts/overview.ts'
import type { Figures, Usage } from './query.ts'

const stepMs = { hour: 3_600_000, day: 86_400_000 } as const

export interface Series {
  readonly timesMs: readonly number[]
  /** By step; null where nothing was called. */
  readonly figures: readonly (Figures | null)[]
}

/** @param step of the report's keys, which are beginnings of hours or days in UTC. */
export function seriesOf(report: Usage, step: 'hour' | 'day', { fromMs, toMs }: Range): Series {
  const byTime = new Map(report.lines.map(line => [timeOf(line.keys[0] ?? ''), line]))
  const length = stepMs[step]
  const timesMs: number[] = []
  for (let ms = Math.floor(fromMs / length) * length; ms < toMs; ms += length) timesMs.push(ms)
  return { timesMs, figures: timesMs.map(ms => byTime.get(ms) ?? null) }
}

/** `2026-11-26`, `2026-11-26T14` or `2026-11-26 14:00`, all UTC. */
export function timeOf(key: string): number {
  const [, day = '', hour = '00'] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}))?/.exec(key) ?? []
  return Date.parse(`${day}T${hour}:00:00Z`)
}

const line = (
  { figures }: Series,
  label: string,
  colour: number,
  read: (one: Figures) => number | null,
  none: number | null = 0,
): Line => ({
  label,
  colour,
  values: figures.map(one => (one === null ? none : read(one))),
})

export function outcomeLines(series: Series): readonly Line[] {
  const names = text.outcomes
  return [
    line(series, names.completed, 1, one => one.completed),
    line(series, names.refused, 6, one => one.refused),
    line(series, names.failed, 2, one => one.failed),
    line(series, names.aborted, 8, one => one.aborted),
    line(series, names.interrupted, 5, one => one.interrupted),
  ].filter(({ values }, index) => index === 0 || values.some(value => value !== 0))
}

export function tokenLines(series: Series): readonly Line[] {
  const names = text.tokenKinds
  return [
    line(series, names.fresh, 1, one => one.promptTokens - one.cachedTokens),
    line(series, names.cached, 7, one => one.cachedTokens),
    line(series, names.completion, 4, one => one.completionTokens - one.reasoningTokens),
    line(series, names.reasoning, 3, one => one.reasoningTokens),
  ].filter(({ values }, index) => index % 2 === 0 || values.some(value => value !== 0))
}

/** Whole units of one currency. */
export function costLine(series: Series, currency: string): Line {
  return line(series, currency, 1, ({ costs }) => (costs.find(cost => cost.currency === currency)?.nano ?? 0) / 1e9)
}

export function durationLine(series: Series): Line {
  return line(series, text.duration, 3, one => one.averageDurationMs, null)
}
