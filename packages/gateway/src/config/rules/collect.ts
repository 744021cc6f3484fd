/** Rules of a collector: its sources, and a ledger that takes what they bring. */
import type { Config } from '../schema/index.ts'
import { checkBrokers, checkNamespace } from './feed-addresses.ts'
import { overlap, warnSecrets } from './feeds.ts'
import { conflict, type Notes, type Sections, shown } from './notes.ts'

export function checkCollect(collect: NonNullable<Config['collect']>, { ledger }: Sections, notes: Notes): void {
  const sources = Object.entries(collect.sources)
  if (sources.length === 0) {
    const expected = 'at least one source, as replicas: { kind: files, directory: /mnt/records }'
    conflict(notes, ['collect', 'sources'], 'none', expected)
  }
  if (ledger?.store === 'none')
    conflict(notes, ['ledger', 'store'], 'none', 'duckdb: a collector answers for the replicas')
  if (ledger?.shared === true)
    conflict(notes, ['ledger', 'shared'], 'true', 'false: a collector is one process with a directory of its own')
  const checked: (readonly [string, string])[] = []
  for (const [name, source] of sources) {
    warnSecrets(source, ['collect', 'sources', name, 'credential'], notes)
    if (source.kind === 'kafka') checkBrokers(source, ['collect', 'sources', name], notes)
    if (source.kind === 'event-hubs') checkNamespace(source, ['collect', 'sources', name], notes)
    if (!('directory' in source)) continue
    const { directory } = source
    const path = ['collect', 'sources', name, 'directory']
    const seen = shown(directory, path, notes)
    const other = checked.find(([, one]) => overlap(one, directory))
    if (other !== undefined) conflict(notes, path, seen, `a directory of its own: source ${other[0]} reads there`)
    if (ledger !== null && overlap(ledger.directory, directory))
      conflict(notes, path, seen, 'a directory outside of ledger.directory, and not around it')
    checked.push([name, directory])
  }
}
