/** What the page asks: the workloads, and the calls of the period by workload. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'

export type Workload = Answer<'GET /api/v1/workloads'>['workloads'][number]
export type Line = Answer<'GET /api/v1/usage'>['lines'][number]

export const allWorkloads = queryOptions({
  queryKey: ['workloads'],
  queryFn: ({ signal }) => send('GET /api/v1/workloads', { signal }),
})

export function usageByWorkload(range: Range) {
  return queryOptions({
    queryKey: ['usage', 'workload', range],
    queryFn: ({ signal }) => send('GET /api/v1/usage', { query: { by: 'workload', ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}
