/** What a chart of a rule asks. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { send } from '../../api/client.ts'
import { asParameters } from '../../app/period.ts'
import type { Window } from './window.ts'

/** @param tz zone in which days begin. */
export function seriesOf({ range, step, workload }: Window, tz: string) {
  const asked = { step, tz, ...(workload === null ? {} : { workload }), ...asParameters(range) }
  return queryOptions({
    queryKey: ['series', asked],
    queryFn: ({ signal }) => send('GET /api/v1/series', { query: asked, signal }),
    placeholderData: keepPreviousData,
  })
}
