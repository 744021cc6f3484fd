import type { SourceState } from '../ledger/collect/index.ts'
import { type MetricRegistry, readAtScrape } from './tally.ts'

const labels = ['source'] as const

/** Each family with the figure of a collector's source that it shows. */
const families = [
  ['gauge', 'up', '0 while the source cannot be read, else 1.', ({ status }) => Number(status === 'running')],
  ['counter', 'taken_total', 'Records that were written into the ledger.', ({ taken }) => taken],
  ['counter', 'doubles_total', 'Records that the ledger had already.', ({ doubles }) => doubles],
  ['gauge', 'incomplete', 'Records of which some parts are missing yet.', ({ incomplete }) => incomplete],
  ['gauge', 'set_aside', 'Messages that are no record.', ({ setAside }) => setAside],
  [
    'gauge',
    'newest_record_seconds',
    'When the newest record that came had ended, in seconds since the epoch; 0 before the first.',
    ({ lastEndedAtMs }) => (lastEndedAtMs ?? 0) / 1_000,
  ],
] as const satisfies readonly (readonly ['gauge' | 'counter', string, string, (state: SourceState) => number])[]

export function registerSources(registry: MetricRegistry, read: () => readonly SourceState[]): void {
  for (const [type, name, help, figure] of families) {
    readAtScrape(registry, type, { name: `gatehouse_source_${name}`, help, labels }, () =>
      read().map(state => [[state.name], figure(state)]),
    )
  }
}
