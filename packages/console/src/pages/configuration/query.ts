/** What the page asks: what is in force and its file, its history, one version of it, and the schema. */
import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type Configuration = Answer<'GET /api/v1/config'>
export type Value = Configuration['inForce']['values'][number]
export type Checked = Answer<'POST /api/v1/config/check'>
export type Problem = Checked['problems'][number]
export type Version = Answer<'GET /api/v1/config/history'>['versions'][number]

/** First of the keys, for what changes the configuration. */
export const configurationKey = 'configuration'

const refreshMs = 5_000

export const configuration = queryOptions({
  queryKey: [configurationKey, 'now'],
  queryFn: ({ signal }) => send('GET /api/v1/config', { signal }),
  refetchInterval: refreshMs,
})

export const history = queryOptions({
  queryKey: [configurationKey, 'history'],
  queryFn: ({ signal }) => send('GET /api/v1/config/history', { signal }),
})

export function version(id: number) {
  return queryOptions({
    queryKey: [configurationKey, 'version', id],
    queryFn: ({ signal }) => send('GET /api/v1/config/history/{version}', { path: { version: String(id) }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export const schema = queryOptions({
  queryKey: ['configuration-schema'],
  queryFn: ({ signal }) => send('GET /api/v1/config/schema', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})
