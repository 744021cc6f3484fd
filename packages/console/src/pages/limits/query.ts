/** What the page asks: every rule with its use, of one workload or of all. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type Limits = Answer<'GET /api/v1/limits'>
export type Rule = Limits['rules'][number]

const refreshMs = 5_000

export function limitRules(workload: string | undefined) {
  return queryOptions({
    queryKey: ['limits', workload],
    queryFn: ({ signal }) => send('GET /api/v1/limits', { query: { workload }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs,
  })
}
