/** Names in filters that nothing has: "no records" of a name that does not exist would be a false all-clear. */
import { queryOptions } from '@tanstack/react-query'
import { mayUse, send } from '../../api/client.ts'
import { nearestOf } from '../../format/nearest.ts'
import type { Filters } from './filters.ts'

const named = ['workload', 'caller', 'model', 'deployment', 'instance'] as const
type Named = (typeof named)[number]

export interface UnknownName {
  readonly filter: Named
  readonly name: string
  /** Null where no name is like it. */
  readonly nearest: string | null
  /** Names that exist, as far as the person may see them; the first ones. */
  readonly known: readonly string[]
}

const knownMax = 8

/** Looks at the whole ledger: a name without a record in the period may have some in others. */
export const unknownNames = (filters: Filters, roles: readonly string[]) =>
  queryOptions({
    queryKey: ['unknown-names', named.map(name => filters[name])],
    queryFn: async ({ signal }): Promise<readonly UnknownName[]> => {
      const looked = named.map(async filter => {
        const name = filters[filter]
        return name === undefined ? null : lookUp(filter, name, roles, signal)
      })
      return (await Promise.all(looked)).filter(found => found !== null)
    },
  })

async function lookUp(
  filter: Named,
  name: string,
  roles: readonly string[],
  signal: AbortSignal,
): Promise<UnknownName | null> {
  const { total } = await send('GET /api/v1/usage', { query: { [filter]: name }, signal })
  if (total.calls > 0) return null
  const names = [...new Set(await namesOf(filter, name, roles, signal))].sort((one, other) => one.localeCompare(other))
  if (names.includes(name)) return null
  return { filter, name, nearest: nearestOf(name, names), known: names.slice(0, knownMax) }
}

/** Names in the configuration and in records. */
async function namesOf(
  filter: Named,
  name: string,
  roles: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (filter === 'caller') {
    const ask = (query: { readonly search?: string }) =>
      send('GET /api/v1/callers', { query: { ...query, order: 'last', limit: 100 }, signal })
    const answers = await Promise.all([ask({ search: name }), ask({})])
    return answers.flatMap(({ callers }) => callers.map(caller => caller.name))
  }
  const { lines } = await send('GET /api/v1/usage', { query: { by: filter }, signal })
  const recorded = lines.flatMap(({ keys: [key] }) => (typeof key === 'string' ? [key] : []))
  if (filter === 'workload') {
    const { workloads } = await send('GET /api/v1/workloads', { signal })
    return [...recorded, ...workloads.map(workload => workload.name)]
  }
  // Records have the dated names of models, which no configuration has.
  if (filter === 'model' || !mayUse('GET /api/v1/instances', roles)) return recorded
  const { instances } = await send('GET /api/v1/instances', { signal })
  if (filter === 'instance') return [...recorded, ...instances.map(instance => instance.name)]
  return [...recorded, ...instances.flatMap(({ deployments }) => deployments.map(deployment => deployment.name))]
}
