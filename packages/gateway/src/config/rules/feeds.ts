/** Rules of feeds: their directories, workloads and forms. */
import { relative, resolve, sep } from 'node:path'
import type { Path } from '../messages.ts'
import type { Config } from '../schema/index.ts'
import { checkAccount, checkBrokers, checkNamespace, checkReceiver } from './feed-addresses.ts'
import { conflict, type Notes, refuseDuplicates, type Sections, shown, unknownName, warnWritten } from './notes.ts'

type FeedConfig = Config['feeds'][string]

export function checkFeeds(feeds: Config['feeds'], { workloads, ledger, collect }: Sections, notes: Notes): void {
  checkDirectories(feeds, ledger, notes)
  for (const [name, feed] of Object.entries(feeds)) {
    checkForm(name, feed, notes)
    warnSecrets(feed, ['feeds', name, 'credential'], notes)
    if (feed.kind === 'blob') checkAccount(feed, ['feeds', name, 'account'], notes)
    if (feed.kind === 'kafka') checkBrokers(feed, ['feeds', name], notes)
    if (feed.kind === 'webhook') checkReceiver(feed, ['feeds', name], notes)
    if (feed.kind === 'event-hubs') checkNamespace(feed, ['feeds', name], notes)
    refuseDuplicates(feed.columns ?? [], ['feeds', name, 'columns'], notes)
    refuseDuplicates(feed.outcomes ?? [], ['feeds', name, 'outcomes'], notes)
    refuseDuplicates(feed.workloads ?? [], ['feeds', name, 'workloads'], notes)
    // A collector does not know the workloads of its replicas.
    if (workloads === null || collect !== undefined) continue
    const known = Object.keys(workloads)
    for (const [index, workload] of (feed.workloads ?? []).entries()) {
      if (!known.includes(workload))
        notes.errors.push(unknownName(workload, ['feeds', name, 'workloads', index], 'workload', known))
    }
  }
}

/** Kinds that write into a directory share none, and leave the ledger's alone. */
function checkDirectories(feeds: Config['feeds'], ledger: Config['ledger'] | null, notes: Notes): void {
  const checked: (readonly [string, string])[] = []
  for (const [name, feed] of Object.entries(feeds)) {
    if (!('directory' in feed)) continue
    const path = ['feeds', name, 'directory']
    const other = checked.find(([, directory]) => overlap(directory, feed.directory))
    const seen = shown(feed.directory, path, notes)
    if (other !== undefined) conflict(notes, path, seen, `a directory of its own: feeds.${other[0]} writes there`)
    if (ledger !== null && overlap(ledger.directory, feed.directory))
      conflict(notes, path, seen, 'a directory outside of ledger.directory, and not around it')
    checked.push([name, feed.directory])
  }
}

/** What is secret in the credential of whatever kind. */
const secretKeys: readonly string[] = ['connectionString', 'key', 'sas', 'password', 'secret', 'previous']

/** @param holder a feed or a source. @param path of its credential. */
export function warnSecrets(holder: object, path: Path, notes: Notes): void {
  const credential = 'credential' in holder ? holder.credential : null
  if (typeof credential !== 'object' || credential === null) return
  for (const key of secretKeys) warnWritten(Object.hasOwn(credential, key), [...path, key], notes)
}

function checkForm(name: string, { form, columns, bodies }: FeedConfig, notes: Notes): void {
  if (form !== 'apim') return
  if (columns !== undefined)
    conflict(
      notes,
      ['feeds', name, 'columns'],
      `${columns.length} columns`,
      'nothing with the form apim, whose columns are fixed',
    )
  if (!bodies)
    conflict(notes, ['feeds', name, 'bodies'], 'false', 'true with the form apim, two of whose columns are bodies')
}

/** True when one directory is the other, or is within it. Links are not followed. */
export function overlap(one: string, other: string): boolean {
  const isWithin = (inner: string, outer: string): boolean => {
    const way = relative(resolve(outer), resolve(inner))
    return way !== '..' && !way.startsWith(`..${sep}`)
  }
  return isWithin(one, other) || isWithin(other, one)
}
