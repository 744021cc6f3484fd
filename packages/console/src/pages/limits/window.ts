/** The use of a rule over its window, from the figures of the ledger over time. */
import type { Answer } from '../../api/client.ts'
import type { Range } from '../../app/period.ts'
import type { Rule } from './query.ts'

type Series = Answer<'GET /api/v1/series'>

export interface Window {
  readonly range: Range
  readonly step: 'minute' | 'hour' | 'day'
  /** True where amounts are added up until the window ends; false where each step is a window. */
  readonly adds: boolean
  /** The workload that it counts; null for all. */
  readonly workload: string | null
}

const hourMs = 3_600_000

type Measured = Pick<Rule, 'measure' | 'beganAtMs' | 'workloads' | 'scope' | 'subject'>

/**
 * @param nowMs the end of what is shown.
 * @returns null for a rule that counts less than a whole workload, and for what is no sum of a time: the ledger does
 *   not have its figures.
 */
export function windowOf(rule: Measured, nowMs: number): Window | null {
  const { measure, beganAtMs, subject } = rule
  const workload = workloadOf(rule)
  if (workload === undefined || subject !== null) return null
  const since = (fromMs: number | null, step: Window['step'], adds = true): Window | null =>
    fromMs === null ? null : { step, adds, workload, range: { fromMs, toMs: nowMs } }
  switch (measure) {
    case 'tokensPerMinute':
    case 'requestsPerMinute':
      return since(nowMs - 2 * hourMs, 'minute', false)
    case 'tokensPerHour':
      return since(beganAtMs, 'minute')
    case 'tokensPerDay':
    case 'costPerDay':
    case 'tokensPerWeek':
      return since(beganAtMs, 'hour')
    case 'tokensPerMonth':
    case 'costPerMonth':
    case 'tokensPerQuarter':
    case 'costPerQuarter':
    case 'tokensPerYear':
    case 'costPerYear':
      return since(beganAtMs, 'day')
    case 'requestsPerSecond':
    case 'callsInFlight':
      return null
    default:
      return measure satisfies never
  }
}

/** The workload whose calls it counts whole; null for all; undefined for any other part. */
function workloadOf({ workloads, scope }: Measured): string | null | undefined {
  if (workloads === null) return scope === 'everything' ? null : undefined
  const [workload, ...others] = workloads
  return others.length === 0 && scope === `workload ${workload}` ? workload : undefined
}

/** A value per step: what was used by its end, or in it. Amounts of cost are in billionths of the currency. */
export function amountsOver(
  { steps, points }: Pick<Series, 'steps' | 'points'>,
  { measure }: Pick<Rule, 'measure'>,
  { adds }: Pick<Window, 'adds'>,
  currency: string,
): readonly number[] {
  const values = steps.map(() => 0)
  for (const point of points) values[point.step] = (values[point.step] ?? 0) + amountOf(point, measure, currency)
  let sum = 0
  return values.map(value => {
    sum += value
    return adds ? sum : value
  })
}

function amountOf(point: Series['points'][number], measure: Rule['measure'], currency: string): number {
  if (measure.startsWith('requests')) return point.calls
  if (measure.startsWith('tokens')) return point.totalTokens
  return point.costs.find(cost => cost.currency === currency)?.nano ?? 0
}
