import { queryOptions, useQuery } from '@tanstack/react-query'
import { mayUse, send } from '../api/client.ts'
import type { Person } from '../api/whoami.ts'
import { asParameters, rangeOf } from './period.ts'

/** Workloads with calls in the last 30 days: the choice in the top bar. */
const used = queryOptions({
  queryKey: ['workloads-used'],
  queryFn: async ({ signal }) => {
    const range = rangeOf({ last: '30d' }, Date.now())
    const { lines } = await send('GET /api/v1/usage', { query: { by: 'workload', ...asParameters(range) }, signal })
    return lines.flatMap(({ keys: [name] }) => (typeof name === 'string' ? [name] : []))
  },
  staleTime: 300_000,
})

/** Names to choose from: those in use, and those that the person may call as. Sorted. */
export function useWorkloads({ roles, workloads }: Person): readonly string[] {
  const { data = [] } = useQuery({ ...used, enabled: mayUse('GET /api/v1/usage', roles) })
  return [...new Set([...workloads, ...data])].sort((one, other) => one.localeCompare(other))
}
