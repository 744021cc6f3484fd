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

/** Bodies that a query has a table of, and why they are read. */
export interface ChosenBodies {
  readonly workload: string
  readonly day: string
  readonly reason: string
}

export interface Asked {
  readonly sql: string
  readonly bounds: Bounds
  readonly bodies: ChosenBodies | null
}

export function run({ sql, bounds, bodies }: Asked, signal: AbortSignal): Promise<QueryResult> {
  if (bodies === null) return send('POST /api/v1/query', { body: { sql, ...bounds }, signal })
  const { reason, ...wanted } = bodies
  return send('POST /api/v1/query', { body: { sql, ...bounds, bodies: wanted }, reason, signal })
}
