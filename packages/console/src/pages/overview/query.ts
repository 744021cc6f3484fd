/** What the overview asks: the sums of the period and of the one before it, and figures over time. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, before, type Range } from '../../app/period.ts'

export type Usage = Answer<'GET /api/v1/usage'>
export type Series = Answer<'GET /api/v1/series'>
export type Figures = Usage['total']
export type AttentionItem = Answer<'GET /api/v1/attention'>['items'][number]

export const dimensions = ['workload', 'caller', 'model', 'instance'] as const
export type Dimension = (typeof dimensions)[number]

export interface Asked {
  readonly range: Range
  readonly workload: string | undefined
}

const hourMs = 3_600_000

/** The step of figures over time: minutes up to two hours, hours up to four days, then days. */
export function stepOf({ fromMs, toMs }: Range): 'minute' | 'hour' | 'day' {
  const hours = (toMs - fromMs) / hourMs
  return hours <= 2 ? 'minute' : hours <= 96 ? 'hour' : 'day'
}

function usage(by: string, { range, workload }: Asked) {
  return queryOptions({
    queryKey: ['usage', by, range, workload],
    queryFn: ({ signal }) => send('GET /api/v1/usage', { query: { by, workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}

export const totals = (by: Dimension, asked: Asked) => usage(by, asked)
export const earlier = (asked: Asked) => usage('workload', { ...asked, range: before(asked.range) })

/** @param tz zone in which days begin, as `Europe/Berlin`. */
export const overTime = ({ range, workload }: Asked, tz: string) =>
  queryOptions({
    queryKey: ['series', range, workload, tz],
    queryFn: ({ signal }) =>
      send('GET /api/v1/series', { query: { step: stepOf(range), tz, workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })

export const attention = queryOptions({
  queryKey: ['attention'],
  queryFn: ({ signal }) => send('GET /api/v1/attention', { signal }),
  refetchInterval: 30_000,
})
