/** What the page asks: entries of the period, newest first, and whether their chain is whole. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'

export type Entry = Answer<'GET /api/v1/audit'>['entries'][number]
export type Outcome = Entry['outcome']

export interface Filters {
  readonly actor?: string
  readonly action?: string
  readonly outcome?: Outcome
}

const pageEntries = 100

export function entries(filters: Filters, range: Range) {
  const query = { ...filters, ...asParameters(range), limit: pageEntries }
  return infiniteQueryOptions({
    queryKey: ['audit', query],
    queryFn: ({ pageParam, signal }) =>
      send('GET /api/v1/audit', {
        query: { ...query, ...(pageParam === null ? {} : { before: String(pageParam) }) },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ next }) => next,
  })
}

/** Asked on demand: it reads the whole trail. */
export const chain = queryOptions({
  queryKey: ['audit-chain'],
  queryFn: ({ signal }) => send('GET /api/v1/audit/verify', { signal }),
  enabled: false,
})
