/** What the page asks: the workload with its limits; its calls of the period by caller; what went wrong. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'

export type Workload = Answer<'GET /api/v1/workloads/{name}'>
export type Rule = Workload['limits'][number]
export type Usage = Answer<'GET /api/v1/usage'>
export type Line = Usage['lines'][number]
export type ErrorLine = Answer<'GET /api/v1/errors'>['errors'][number]

const refreshMs = 5_000

export function workloadNamed(name: string) {
  return queryOptions({
    queryKey: ['workload', name],
    queryFn: ({ signal }) => send('GET /api/v1/workloads/{name}', { path: { name }, signal }),
    refetchInterval: refreshMs,
  })
}

export function usageByCaller(workload: string, range: Range) {
  return queryOptions({
    queryKey: ['usage', 'caller', range, workload],
    queryFn: ({ signal }) =>
      send('GET /api/v1/usage', { query: { by: 'caller', workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}

export function errorsOf(workload: string, range: Range) {
  return queryOptions({
    queryKey: ['errors', range, workload],
    queryFn: ({ signal }) => send('GET /api/v1/errors', { query: { workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}
