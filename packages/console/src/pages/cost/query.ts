/** What the page asks: calls, tokens and cost of the period, by month and one dimension. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'
import { byCapacity } from './capacity.ts'

export type Usage = Answer<'GET /api/v1/usage'>
export type Line = Usage['lines'][number]

export const dimensions = ['workload', 'caller', 'model', 'capacity'] as const
export type Dimension = (typeof dimensions)[number]

export function costs(by: Dimension, range: Range, workload: string | undefined) {
  return queryOptions({
    queryKey: ['cost', by, range, workload],
    queryFn: async ({ signal }) => {
      const ask = (dimensions: string): Promise<Usage> =>
        send('GET /api/v1/usage', { query: { by: `month,${dimensions}`, workload, ...asParameters(range) }, signal })
      if (by !== 'capacity') return ask(by)
      const [report, { instances }] = await Promise.all([
        ask('instance,deployment'),
        send('GET /api/v1/instances', { signal }),
      ])
      return byCapacity(report, instances)
    },
    placeholderData: keepPreviousData,
  })
}
