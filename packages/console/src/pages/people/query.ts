/** Pages of callers, in the order of the address. */
import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import type { Address } from '../../app/address.ts'
import { asParameters, type Range } from '../../app/period.ts'
import type { people as text } from '../../texts/people.ts'

export type Caller = Answer<'GET /api/v1/callers'>['callers'][number]

export const orders = ['tokens', 'calls', 'cost', 'failed', 'refused', 'last', 'name'] as const
export type Order = (typeof orders)[number]
export const kinds = ['all', 'user', 'application'] as const satisfies readonly (keyof typeof text.kinds)[]
export type Kind = (typeof kinds)[number]

export interface Asked {
  readonly search: string
  readonly kind: Kind
  readonly order: Order
  readonly workload: string | undefined
}

/** What an address asks for; what makes no sense there counts as not said. */
export function askedBy({ search = '', kind, order, workload }: Address): Asked {
  return {
    search,
    kind: kinds.find(name => name === kind) ?? 'all',
    order: orders.find(name => name === order) ?? 'tokens',
    workload,
  }
}

const pageSize = 100
const searchMax = 512

export function callersOf({ search, kind, order, workload }: Asked, range: Range) {
  const wanted = search.trim().slice(0, searchMax)
  return infiniteQueryOptions({
    queryKey: ['callers', range, workload, wanted, kind, order],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      send('GET /api/v1/callers', {
        query: {
          ...asParameters(range),
          ...{ workload, order, limit: pageSize, before: pageParam },
          search: wanted === '' ? undefined : wanted,
          kind: kind === 'all' ? undefined : kind,
        },
        signal,
      }),
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
}
