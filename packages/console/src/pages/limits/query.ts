/** What the page asks: every rule with its use, of one workload or of all. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'
import { asParameters, rangeOf } from '../../app/period.ts'

export type Limits = Answer<'GET /api/v1/limits'>
export type Rule = Limits['rules'][number]

/** First of the keys. */
export const limitsKey = 'limits'

/** Rules that calls of the workload may meet. */
export function ofWorkload(limits: Limits, workload: string | undefined): Limits {
  const meets = ({ workloads }: Rule): boolean =>
    workload === undefined || workloads === null || workloads.includes(workload)
  return { ...limits, rules: limits.rules.filter(meets) }
}

export function limitRules(workload: string | undefined) {
  return queryOptions({
    queryKey: [limitsKey, workload],
    queryFn: ({ signal }) => send('GET /api/v1/limits', { query: { workload }, signal }),
    placeholderData: keepPreviousData,
  })
}

/** Names of the callers of the last 30 days, by their keys. */
export const callerNames = queryOptions({
  queryKey: ['caller-names'],
  queryFn: async ({ signal }) => {
    const range = asParameters(rangeOf({ last: '30d' }, Date.now()))
    const { lines } = await send('GET /api/v1/usage', { query: { by: 'caller', ...range }, signal })
    return new Map(lines.flatMap(({ callerKey, keys: [name] }) => (callerKey && name ? [[callerKey, name]] : [])))
  },
  staleTime: 300_000,
})
