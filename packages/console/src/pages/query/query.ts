/** What the page asks: the schema, and queries when somebody runs them. */
import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type QueryResult = Answer<'POST /api/v1/query'>
export type QuerySchema = Answer<'GET /api/v1/query/schema'>
export type Value = QueryResult['rows'][number][number]
export type ResultColumn = QueryResult['columns'][number]

export const schema = queryOptions({
  queryKey: ['query-schema'],
  queryFn: ({ signal }) => send('GET /api/v1/query/schema', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

export interface Bounds {
  readonly rowsMax: number
  readonly timeoutMs: number
}

export const rowsChoices = [100, 1_000, 10_000] as const
export const secondsChoices = [10, 30] as const
export const boundsDefault: Bounds = { rowsMax: 1_000, timeoutMs: 10_000 }

export function run(sql: string, bounds: Bounds, signal: AbortSignal): Promise<QueryResult> {
  return send('POST /api/v1/query', { body: { sql, ...bounds }, signal })
}
