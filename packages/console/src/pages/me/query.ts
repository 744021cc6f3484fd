/** What the page asks: the caller's own month, latest calls, limits and workloads; and the own calls over time. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'
import { stepOf } from '../overview/query.ts'

export type Me = Answer<'GET /api/v1/me'>
export type OwnSeries = Answer<'GET /api/v1/me/series'>
export type Rule = Me['limits'][number]
export type Call = Me['calls']['records'][number]

const refreshMs = 10_000

export const ownUse = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => send('GET /api/v1/me', { signal }),
  refetchInterval: refreshMs,
})

/** @param tz zone in which days begin, as `Europe/Berlin`. */
export function ownSeries(range: Range, workload: string | undefined, tz: string) {
  return queryOptions({
    queryKey: ['me-series', range, workload, tz],
    queryFn: ({ signal }) =>
      send('GET /api/v1/me/series', { query: { step: stepOf(range), tz, workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}
