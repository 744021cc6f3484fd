/** The use of a rule over its window, from the figures of the ledger over time. */
import type { Answer } from '../../api/client.ts'
import type { Range } from '../../app/period.ts'
import { monthBefore } from './forecast.ts'
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

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

type Measured = Pick<Rule, 'measure' | 'renewsAtMs' | 'workloads' | 'scope' | 'subject'>

/**
 * @param nowMs the end of what is shown.
 * @returns null for a rule that counts less than a whole workload, and for what is no sum of a time: the ledger does
 *   not have its figures.
 */
export function windowOf(rule: Measured, nowMs: number): Window | null {
  const { measure, renewsAtMs, subject } = rule
  const workload = workloadOf(rule)
  if (workload === undefined || subject !== null) return null
  const last = (step: Window['step'], ms: number, adds: boolean): Window => ({
    ...{ step, adds, workload },
    range: { fromMs: nowMs - ms, toMs: nowMs },
  })
  switch (measure) {
    case 'tokensPerMinute':
    case 'requestsPerMinute':
      return last('minute', 2 * hourMs, false)
    case 'tokensPerHour':
      return renewsAtMs === null ? null : last('minute', nowMs - (renewsAtMs - hourMs), true)
    case 'tokensPerDay':
    case 'costPerDay':
      return renewsAtMs === null ? null : last('hour', nowMs - (renewsAtMs - dayMs), true)
    case 'tokensPerWeek':
      return renewsAtMs === null ? null : last('hour', nowMs - (renewsAtMs - 7 * dayMs), true)
    case 'tokensPerMonth':
    case 'costPerMonth':
      return renewsAtMs === null ? null : last('day', nowMs - monthBefore(renewsAtMs), true)
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
