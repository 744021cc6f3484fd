import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import type { Person } from '../../api/whoami.ts'

export type RecordRow = Answer<'GET /api/v1/records/{id}'>
export type Bodies = Answer<'GET /api/v1/records/{id}/bodies'>

export const recordOf = (id: string) =>
  queryOptions({
    queryKey: ['record', id],
    queryFn: ({ signal }) => send('GET /api/v1/records/{id}', { path: { id }, signal }),
    // A record never changes.
    staleTime: Number.POSITIVE_INFINITY,
  })

export type CostLines = Answer<'GET /api/v1/records/{id}/cost'>

export const costOfRecord = (id: string) =>
  queryOptions({
    queryKey: ['record-cost', id],
    queryFn: ({ signal }) => send('GET /api/v1/records/{id}/cost', { path: { id }, signal }),
  })

/** Id of the call that the same caller sent before as the same workload; null where there is none. */
export const callBefore = ({ id, callerObjectId, workload }: RecordRow) =>
  queryOptions({
    queryKey: ['call-before', id],
    queryFn: async ({ signal }) => {
      const asked = { caller: callerObjectId ?? undefined, workload: workload ?? undefined, before: id, limit: 1 }
      const { records } = await send('GET /api/v1/records', { query: asked, signal })
      return records[0]?.id ?? null
    },
    staleTime: Number.POSITIVE_INFINITY,
  })

/** @param reason null for a caller's own call. */
export const bodiesOf = (id: string, reason: string | null) =>
  queryOptions({
    queryKey: ['bodies', id, reason],
    queryFn: ({ signal }) =>
      send('GET /api/v1/records/{id}/bodies', { path: { id }, signal, ...(reason === null ? {} : { reason }) }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

/** How a person may read the bodies of a record: with a reason, without one as their own, or not at all. */
export function readingOf({ roles, caller }: Person, row: RecordRow): 'with-reason' | 'freely' | 'not' {
  const isOwn = row.callerObjectId === caller.objectId && row.callerTenantId === caller.tenantId
  if (isOwn && roles.includes('developer')) return 'freely'
  return roles.includes('auditor') ? 'with-reason' : 'not'
}
