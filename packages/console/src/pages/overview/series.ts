/** Lines of the charts from figures over time: a value per step, also for the steps without a call. */
import type { Line } from '../../parts/chart/options.ts'
import { overview as text } from '../../texts/overview.ts'
import type { Series } from './query.ts'

type Point = Series['points'][number]

/** @param none the value of a step without a call. */
function line(
  { steps, points }: Series,
  label: string,
  colour: number,
  read: (point: Point) => number | null,
  none: number | null = 0,
): Line {
  const values = steps.map(() => none)
  for (const point of points) values[point.step] = read(point)
  return { label, colour, values }
}

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

/** What a reader looks for, at a scale of its own. */
export function troubleLines(series: Series): readonly Line[] {
  return [
    line(series, text.outcomes.refused, 6, point => point.refused),
    line(series, text.outcomes.failed, 2, point => point.failed),
  ]
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

/** Quantiles of the time until the first byte, or of the whole call. */
export function quantileLines(series: Series, of: 'firstByteMs' | 'durationMs'): readonly Line[] {
  return [
    line(series, 'p50', 1, point => point[of]?.p50 ?? null, null),
    line(series, 'p95', 2, point => point[of]?.p95 ?? null, null),
    line(series, 'p99', 5, point => point[of]?.p99 ?? null, null),
  ]
}
