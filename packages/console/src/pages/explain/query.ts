/** What the page asks: the explanation of a call or of a record, and callers of late to choose from. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, type Input, send } from '../../api/client.ts'

export type Explanation = Answer<'POST /api/v1/explain'>
export type Step = Explanation['steps'][number]
export type Question = NonNullable<Input<'POST /api/v1/explain'>['body']>

const recentMs = 30 * 86_400_000

export function explanationOf(question: Question | null) {
  return queryOptions({
    queryKey: ['explain', question],
    queryFn: ({ signal }) => send('POST /api/v1/explain', { body: question as Question, signal }),
    enabled: question !== null,
    // It is of this moment: limits and instances change.
    staleTime: 0,
    gcTime: 0,
  })
}

export function explanationOfRecord(id: string | undefined) {
  return queryOptions({
    queryKey: ['explain', 'record', id],
    queryFn: ({ signal }) => send('GET /api/v1/records/{id}/explain', { path: { id: id ?? '' }, signal }),
    enabled: id !== undefined,
  })
}

export interface RecentCaller {
  readonly key: string
  readonly name: string
}

/** Callers of the last 30 days, those with most calls first. */
export function recentCallers() {
  return queryOptions({
    queryKey: ['explain', 'callers'],
    queryFn: async ({ signal }): Promise<readonly RecentCaller[]> => {
      const from = new Date(Date.now() - recentMs).toISOString()
      const { lines } = await send('GET /api/v1/usage', { query: { by: 'caller', from }, signal })
      const known = lines.flatMap(({ keys: [name], callerKey, calls }) =>
        callerKey === null ? [] : [{ key: callerKey, name: name ?? callerKey, calls }],
      )
      return known.toSorted((one, other) => other.calls - one.calls)
    },
    placeholderData: keepPreviousData,
    staleTime: 300_000,
  })
}

/** What calls of late have named, to choose from. */
export interface RecentCalls {
  readonly urls: readonly string[]
  readonly models: readonly string[]
}

const recentCount = 200

/** Of the latest calls that were let through: what was refused is seldom what somebody means. */
export function recentCalls() {
  return queryOptions({
    queryKey: ['explain', 'calls'],
    queryFn: async ({ signal }): Promise<RecentCalls> => {
      const query = { limit: recentCount, outcome: 'completed', copyKind: 'none' } as const
      const { records } = await send('GET /api/v1/records', { query, signal })
      const urls = records
        .filter(({ requestedModel }) => requestedModel !== null)
        .map(({ path, apiVersion }) => (apiVersion === null ? path : `${path}?api-version=${apiVersion}`))
      return { urls: plain(urls), models: plain(records.flatMap(({ requestedModel }) => requestedModel ?? [])) }
    },
    staleTime: 300_000,
  })
}

/** Clients write them: only what is seen as it is can be chosen. */
function plain(written: readonly string[]): readonly string[] {
  return [...new Set(written)].filter(one => /^[\x21-\x7e]+$/.test(one))
}
