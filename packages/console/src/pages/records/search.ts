/** Looking for a text in the bodies of one workload's day. */
import { infiniteQueryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type FoundPage = Answer<'GET /api/v1/records/search'>
export type Hit = FoundPage['hits'][number]

export interface Asked {
  readonly text: string
  readonly workload: string
  /** `2026-11-26`, UTC. */
  readonly day: string
  readonly caller: string | undefined
  /** Null for the reader's own calls. */
  readonly reason: string | null
}

/** Each page is an entry of the audit trail: it is asked once, and only by the reader. */
export const foundPages = ({ reason, ...query }: Asked) =>
  infiniteQueryOptions({
    queryKey: ['search', query, reason],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      send('GET /api/v1/records/search', {
        query: { ...query, before: pageParam },
        signal,
        ...(reason === null ? {} : { reason }),
      }),
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
