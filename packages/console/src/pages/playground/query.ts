import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type Offer = Answer<'GET /api/v1/playground'>
export type OfferedWorkload = Offer['workloads'][number]
export type CallRecord = Answer<'GET /api/v1/me/calls/{id}'>

export const offer = queryOptions({
  queryKey: ['playground'],
  queryFn: ({ signal }) => send('GET /api/v1/playground', { signal }),
  staleTime: 60_000,
})

/** The record of a call that was made here; it is written a moment after the answer. */
export const callOf = (id: string) =>
  queryOptions({
    queryKey: ['my-call', id],
    queryFn: ({ signal }) => send('GET /api/v1/me/calls/{id}', { path: { id }, query: { waitSeconds: 20 }, signal }),
    // A record never changes.
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
