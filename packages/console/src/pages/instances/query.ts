/** What the page asks: how instances and pools fare, and the calls from each workload to each instance. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'

export type Instances = Answer<'GET /api/v1/instances'>
export type Instance = Instances['instances'][number]
export type Traffic = Answer<'GET /api/v1/usage'>

/** First of the keys, for what changes an instance. */
export const instancesKey = 'instances'

export const instances = queryOptions({
  queryKey: [instancesKey],
  queryFn: ({ signal }) => send('GET /api/v1/instances', { signal }),
})

export function traffic(range: Range, workload: string | undefined) {
  return queryOptions({
    queryKey: ['usage', 'workload,instance', range, workload],
    queryFn: ({ signal }) =>
      send('GET /api/v1/usage', { query: { by: 'workload,instance', workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}

/** Calls of the period by instance and deployment. */
export function callsByDeployment(range: Range, workload: string | undefined) {
  return queryOptions({
    queryKey: ['usage', 'instance,deployment', range, workload],
    queryFn: ({ signal }) =>
      send('GET /api/v1/usage', { query: { by: 'instance,deployment', workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}
