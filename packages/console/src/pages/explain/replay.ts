/** What "Try a configuration" asks, and the text with which it begins. */
import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type Replay = Answer<'POST /api/v1/explain/replay'>
export type ReplayReport = NonNullable<Replay['report']>
export type ReplayChange = ReplayReport['changes'][number]

/** Where the page of the configuration leaves the text that somebody edits, for this tab alone. */
const editedKey = 'gatehouse-try'

/** The text that was edited before, or the configuration in force; empty where neither is at hand. */
export function configurationText() {
  return queryOptions({
    queryKey: ['explain', 'configuration'],
    queryFn: async ({ signal }) => {
      const edited = sessionStorage.getItem(editedKey)
      if (edited !== null && edited !== '') return edited
      const { inForce } = await send('GET /api/v1/config', { signal })
      return inForce.text
    },
    retry: false,
    staleTime: 0,
    gcTime: 0,
  })
}

export function replayOf(configuration: string): Promise<Replay> {
  return send('POST /api/v1/explain/replay', { body: { configuration } })
}
