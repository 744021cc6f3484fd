/** What the page asks: how the feeds fare, of all replicas together and of each. */
import { queryOptions } from '@tanstack/react-query'
import { type Answer, send } from '../../api/client.ts'

export type Feeds = Answer<'GET /api/v1/feeds'>
export type Feed = Feeds['feeds'][number]

/** First of the keys, for what changes a feed. */
export const feedsKey = 'feeds'

export const feeds = queryOptions({
  queryKey: [feedsKey],
  queryFn: ({ signal }) => send('GET /api/v1/feeds', { signal }),
})
