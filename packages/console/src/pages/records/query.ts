/** Pages of records, newest first. */
import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Period, rangeOf } from '../../app/period.ts'
import { asQuery, type Filters } from './filters.ts'

export type RecordsPage = Answer<'GET /api/v1/records'>
export type RecordRow = RecordsPage['records'][number]

const pageSize = 100

export const pages = (filters: Filters, period: Period) =>
  infiniteQueryOptions({
    queryKey: ['records', filters, period],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      // The last hours reach to now: a record that began a moment ago is among them.
      const { from, to } = asParameters(rangeOf(period, Date.now()))
      const query = {
        ...asQuery(filters),
        from,
        to: 'last' in period ? undefined : to,
        limit: pageSize,
        before: pageParam,
      }
      return send('GET /api/v1/records', { query, signal })
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
