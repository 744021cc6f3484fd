/** Rules of feeds: their directories, workloads and forms. */
import { relative, resolve, sep } from 'node:path'
import type { Path } from '../messages.ts'
import type { Config } from '../schema/index.ts'
import {
  checkAccount,
  checkBrokers,
  checkCollector,
  checkConnectionString,
  checkNamespace,
  checkReceiver,
} from './feed-addresses.ts'
import { conflict, type Notes, refuseDuplicates, type Sections, shown, unknownName, warnWritten } from './notes.ts'

type FeedConfig = Config['feeds'][string]

export function checkFeeds(feeds: Config['feeds'], sections: Sections, notes: Notes): void {
  checkDirectories(feeds, sections.ledger, notes)
  for (const [name, feed] of Object.entries(feeds)) {
    const path = ['feeds', name]
    checkKind(feed, path, notes)
    warnSecrets(feed, [...path, 'credential'], notes)
    refuseDuplicates(feed.outcomes ?? [], [...path, 'outcomes'], notes)
    refuseDuplicates(feed.workloads ?? [], [...path, 'workloads'], notes)
    checkNames(feed, path, sections, notes)
  }
}

/** @param columnsOf columns of records, by the form of a feed. */
export function checkColumns(
  feeds: Config['feeds'],
  columnsOf: (form: string) => readonly string[],
  notes: Notes,
): void {
  for (const [name, feed] of Object.entries(feeds)) {
    if (!('form' in feed)) continue
    const known = columnsOf(feed.form)
    for (const [index, column] of (feed.columns ?? []).entries()) {
      if (known.includes(column)) continue
      const finding = unknownName(column, ['feeds', name, 'columns', index], 'column', known)
      notes.errors.push({ ...finding, expected: `a column of the form ${feed.form}, as docs/feeds.md lists them` })
    }
  }
}

function checkKind(feed: FeedConfig, path: Path, notes: Notes): void {
  if ('form' in feed) checkForm(feed, path, notes)
  if (feed.kind === 'otlp') checkCollector(feed, path, notes)
  if (feed.kind === 'application-insights') checkConnectionString(feed, path, notes)
  if (feed.kind === 'blob') checkAccount(feed, [...path, 'account'], notes)
  if (feed.kind === 'kafka') checkBrokers(feed, path, notes)
  if (feed.kind === 'webhook') checkReceiver(feed, path, notes)
  if (feed.kind === 'event-hubs') checkNamespace(feed, path, notes)
}

/** Workloads and instances that a feed names. A collector does not know those of its replicas. */
function checkNames(feed: FeedConfig, path: Path, { workloads, instances, collect }: Sections, notes: Notes): void {
  if (collect !== undefined) return
  const check = (name: string, at: Path, kind: 'workload' | 'instance', known: object | null): void => {
    if (known !== null && !Object.hasOwn(known, name))
      notes.errors.push(unknownName(name, at, kind, Object.keys(known)))
  }
  for (const [index, name] of (feed.workloads ?? []).entries())
    check(name, [...path, 'workloads', index], 'workload', workloads)
  if (!('sample' in feed)) return
  for (const name of Object.keys(feed.sample.workloads))
    check(name, [...path, 'sample', 'workloads', name], 'workload', workloads)
  for (const name of Object.keys(feed.providers)) check(name, [...path, 'providers', name], 'instance', instances)
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

/** Where metrics are sent. */
export function checkMetrics(metrics: NonNullable<Config['telemetry']['metrics']>, notes: Notes): void {
  const path = ['telemetry', 'metrics']
  checkCollector(metrics, path, notes)
  warnSecrets(metrics, [...path, 'credential'], notes)
}

/** What is secret in the credential of whatever kind. */
const secretKeys: readonly string[] = ['connectionString', 'key', 'sas', 'password', 'secret', 'previous']

/** @param holder a feed or a source. @param path of its credential. */
export function warnSecrets(holder: object, path: Path, notes: Notes): void {
  const credential = 'credential' in holder ? holder.credential : null
  if (typeof credential !== 'object' || credential === null) return
  for (const key of secretKeys) warnWritten(Object.hasOwn(credential, key), [...path, key], notes)
}

function checkForm(
  { form, columns, bodies }: Extract<FeedConfig, { readonly form: unknown }>,
  path: Path,
  notes: Notes,
): void {
  refuseDuplicates(columns ?? [], [...path, 'columns'], notes)
  if (form !== 'apim') return
  const at = (name: string): Path => [...path, name]
  if (columns !== undefined)
    conflict(notes, at('columns'), `${columns.length} columns`, 'nothing with the form apim, whose columns are fixed')
  if (!bodies) conflict(notes, at('bodies'), 'false', 'true with the form apim, two of whose columns are bodies')
}

/** True when one directory is the other, or is within it. Links are not followed. */
export function overlap(one: string, other: string): boolean {
  const isWithin = (inner: string, outer: string): boolean => {
    const way = relative(resolve(outer), resolve(inner))
    return way !== '..' && !way.startsWith(`..${sep}`)
  }
  return isWithin(one, other) || isWithin(other, one)
}
