/** What the page asks: calls, tokens and cost of the period, by month and one dimension. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'

export type Usage = Answer<'GET /api/v1/usage'>
export type Line = Usage['lines'][number]

export const dimensions = ['workload', 'caller', 'model'] as const
export type Dimension = (typeof dimensions)[number]

export function costs(by: Dimension, range: Range, workload: string | undefined) {
  return queryOptions({
    queryKey: ['usage', `month,${by}`, range, workload],
    queryFn: ({ signal }) =>
      send('GET /api/v1/usage', { query: { by: `month,${by}`, workload, ...asParameters(range) }, signal }),
    placeholderData: keepPreviousData,
  })
}
