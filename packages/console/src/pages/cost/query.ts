/** What the page asks: calls, tokens and cost of the period, by month and one dimension. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, type Range } from '../../app/period.ts'
import { aboutGateway } from '../about/query.ts'
import { byCapacity } from './capacity.ts'
import type { BudgetCalendar } from './periods.ts'

export type Usage = Answer<'GET /api/v1/usage'>
export type Line = Usage['lines'][number]

export const dimensions = ['workload', 'caller', 'model', 'capacity'] as const
export type Dimension = (typeof dimensions)[number]

/** Where months and fiscal years begin. A reload of the configuration may change it. */
export const budgetCalendar = queryOptions({
  queryKey: aboutGateway.queryKey,
  queryFn: ({ signal }) => send('GET /api/v1/about', { signal }),
  select: ({ timeZone, fiscalYearStart }): BudgetCalendar => ({ timeZone, fiscalYearStart }),
  staleTime: 60_000,
})

interface Asked {
  readonly by: Dimension
  readonly range: Range
  readonly workload: string | undefined
  /** Zone in which months begin, as `Europe/Berlin`. */
  readonly tz: string
}

export function costs({ by, range, workload, tz }: Asked) {
  return queryOptions({
    queryKey: ['cost', by, range, workload, tz],
    queryFn: async ({ signal }) => {
      const ask = (dimensions: string): Promise<Usage> =>
        send('GET /api/v1/usage', {
          query: { by: `month,${dimensions}`, tz, workload, ...asParameters(range) },
          signal,
        })
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
