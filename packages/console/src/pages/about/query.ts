import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type About = Answer<'GET /api/v1/about'>
export type Health = NonNullable<About['health']>
export type Part = Health['parts'][number]
export type Replica = Health['replicas'][number]
export type Package = About['packages'][number]

const refreshMs = 10_000

export const aboutGateway = queryOptions({
  queryKey: ['about'],
  queryFn: ({ signal }) => send('GET /api/v1/about', { signal }),
  refetchInterval: refreshMs,
})
