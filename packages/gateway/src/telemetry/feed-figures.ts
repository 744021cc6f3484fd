import type { FeedState } from '../ledger/feeds/control.ts'
import { type MetricRegistry, readAtScrape } from './tally.ts'

const labels = ['feed'] as const

/** Each family with the figure of a feed that it shows. */
const families = [
  [
    'gauge',
    'up',
    '0 while the feed fails or its thread is down, else 1.',
    ({ status }) => Number(status === 'running' || status === 'paused'),
  ],
  ['gauge', 'paused', '1 while an operator has paused the feed.', ({ status }) => Number(status === 'paused')],
  [
    'gauge',
    'lag_records',
    'Records that the feed has not taken; those not read yet are estimated.',
    state => state.lagRecords,
  ],
  ['gauge', 'lag_seconds', 'Age of the oldest of them.', state => state.lagSeconds],
  ['counter', 'sent_total', 'Records that the feed has taken.', state => state.sent],
  ['counter', 'sent_bytes_total', 'Bytes that have arrived.', state => state.sentBytes],
  [
    'counter',
    'retried_total',
    'Records that were offered again after a failure, counted each time.',
    state => state.retried,
  ],
  ['gauge', 'set_aside', 'Records that the feed can never take.', state => state.setAside],
  [
    'counter',
    'dropped_segments_total',
    'Segments of the journal that were deleted before the feed had read them.',
    state => state.droppedSegments,
  ],
] as const satisfies readonly (readonly ['gauge' | 'counter', string, string, (state: FeedState) => number])[]

export function registerFeeds(registry: MetricRegistry, read: () => Promise<readonly FeedState[]>): void {
  // One question per scrape: its families ask at the same time.
  let asked: Promise<readonly FeedState[]> | null = null
  const states = (): Promise<readonly FeedState[]> => {
    asked ??= read().finally(() => {
      asked = null
    })
    return asked
  }
  for (const [type, name, help, figure] of families) {
    readAtScrape(registry, type, { name: `gatehouse_feed_${name}`, help, labels }, async () =>
      (await states()).map(state => [[state.name], figure(state)]),
    )
  }
}
