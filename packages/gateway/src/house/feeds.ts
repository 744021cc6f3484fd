/** The feeds of a configuration as the ledger runs them. */
import { ConfigError, type Problem, printable } from '../config/messages.ts'
import type { Config } from '../config/schema/index.ts'
import type { FeedSource } from '../ledger/feeds/control.ts'
import { columnNames, feedForms } from '../ledger/feeds/forms.ts'
import { type FeedKind, type FeedSettings, feedModules, spanKinds } from '../ledger/feeds/kinds.ts'
import { backendOf } from '../wire/backends.ts'

/** @throws ConfigError when a feed names a column that its form does not have. */
export function feedSources({ feeds, instances = {} }: Pick<Config, 'feeds'> & Partial<Config>): FeedSource[] {
  const problems = Object.entries(feeds).flatMap(([name, feed]) => unknownColumns(name, feed))
  if (problems.length > 0) throw new ConfigError('config_invalid', 'feeds', problems)
  return Object.entries(feeds).map(([name, feed]) => sourceOf(name, feed, instances))
}

function sourceOf(name: string, feed: Config['feeds'][string], instances: Config['instances']): FeedSource {
  const { kind, workloads, outcomes, batch, behind, ...own } = feed
  const settings: FeedSettings[FeedKind] =
    'form' in own
      ? { ...own, columns: own.columns ?? null }
      : { ...own, providers: { ...providersOf(instances), ...own.providers } }
  return {
    ...{ name, kind, settings },
    module: feedModules[kind],
    selection: { workloads: workloads ?? null, outcomes: outcomes ?? null },
    batch: { records: batch.records, bytes: batch.bytes, everyMs: batch.time, waitsUnread: spanKinds.has(kind) },
    behindMsMax: behind,
  }
}

/** `gen_ai.provider.name` by instance, of those that are not the standard kind. */
function providersOf(instances: Config['instances']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(instances)
      .filter(([, { kind }]) => backendOf(kind).isNamed)
      .map(([name, { kind }]) => [name, backendOf(kind).provider]),
  )
}

/** Columns of records, by the form of a feed: for checks of a configuration. */
export function feedColumns(form: string): readonly string[] {
  const known = feedForms.find(one => one === form)
  return known === undefined ? [] : columnNames(known)
}

function unknownColumns(name: string, feed: Config['feeds'][string]): Problem[] {
  if (!('form' in feed)) return []
  const { form, columns = [] } = feed
  const known = columnNames(form)
  return [...columns.entries()]
    .filter(([, column]) => !known.includes(column))
    .map(([index, column]) => ({
      code: 'unknown_name',
      path: `feeds.${name}.columns[${index}]`,
      ...{ line: null, column: null, nearest: null },
      seen: printable(column),
      expected: `a column of the form ${form}, as docs/feeds.md lists them`,
    }))
}
