/** Rules of feeds: their directories, workloads and forms. */
import { relative, resolve, sep } from 'node:path'
import type { Path } from '../messages.ts'
import type { Config } from '../schema/index.ts'
import { conflict, type Notes, refuseDuplicates, type Sections, shown, unknownName } from './notes.ts'
import { isLoopback } from './stores.ts'
import { checkUrl } from './urls.ts'

type FeedConfig = Config['feeds'][string]

export function checkFeeds(feeds: Config['feeds'], { workloads, ledger, collect }: Sections, notes: Notes): void {
  checkDirectories(feeds, ledger, notes)
  for (const [name, feed] of Object.entries(feeds)) {
    checkForm(name, feed, notes)
    if (feed.kind === 'blob') checkAccount(feed, ['feeds', name, 'account'], notes)
    if (feed.kind === 'kafka') checkBrokers(feed, ['feeds', name], notes)
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

/** The account is named once: by its address or by a connection string. */
function checkAccount({ account, credential }: FeedConfig & { kind: 'blob' }, path: Path, notes: Notes): void {
  const isNamed = typeof credential === 'object' && 'connectionString' in credential
  if (account === undefined) {
    if (!isNamed)
      conflict(
        notes,
        path,
        'no account',
        'its address, as https://contoso.blob.core.windows.net, or a connection string',
      )
    return
  }
  if (isNamed) conflict(notes, path, shown(account, path, notes), 'no account: the connection string names it')
  const origin = checkUrl(account, path, { path: true }, notes)
  const usesTokens =
    credential === 'managed-identity' || (typeof credential === 'object' && 'managedIdentity' in credential)
  if (usesTokens && origin?.startsWith('http:'))
    conflict(notes, path, shown(account, path, notes), 'https: a managed identity sends no token over plain http')
}

/** What would let others on the way sign in as the gateway needs TLS; SCRAM sends no password. */
export function checkBrokers(
  { brokers, tls, credential }: Pick<FeedConfig & { kind: 'kafka' }, 'brokers' | 'tls' | 'credential'>,
  path: Path,
  notes: Notes,
): void {
  refuseDuplicates(brokers, [...path, 'brokers'], notes)
  const isOpen = typeof credential === 'object' && 'mechanism' in credential && credential.mechanism !== 'plain'
  const isNear = brokers.every(broker => isLoopback(broker.replace(/:\d+$/, '')))
  if (tls === false && credential !== undefined && !isOpen && !isNear)
    conflict(notes, [...path, 'tls'], 'false', 'TLS: without it the credential travels in clear')
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
