/** A namespace, a feed that sends into it, and what a consumer reads from it, for tests. */
import type { TestContext } from 'node:test'
import {
  type EventHubOptions,
  type EventHubsOptions,
  type EventHubsSimulator,
  startEventHubs,
} from '@gatehouse/simulator'
import { systemClock } from '../../../clock.ts'
import { PartJoiner, type RecordDocument, readMessage } from '../documents/index.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { openEventHubsFeed } from './index.ts'
import { type HubReaderSettings, readHub } from './reader.ts'
import type { EventHubsSettings } from './settings.ts'

export const key = 'a-secret-key-of-the-namespace-0123456789='
const hub = 'records'

/** Feeds of a test: they are closed before the namespaces, which they would wait for. */
const feedsOf = new WeakMap<TestContext, Feed[]>()

export async function startNamespace(
  t: TestContext,
  options: Partial<EventHubsOptions> & { readonly hub?: EventHubOptions } = {},
): Promise<EventHubsSimulator> {
  const { hub: hubOptions = { partitions: 3 }, ...rest } = options
  const namespace = await startEventHubs({ hubs: { [hub]: hubOptions }, keys: { root: key }, ...rest })
  t.after(async () => {
    for (const feed of feedsOf.get(t)?.splice(0) ?? []) await feed.close?.()
    await namespace.close()
  })
  return namespace
}

export interface TestFeed extends Feed {
  readonly aside: { readonly id: string; readonly reason: string }[]
  bytes: number
}

export function openTestFeed(
  t: TestContext,
  namespace: Pick<EventHubsSimulator, 'connectionString'> | null,
  over: Partial<EventHubsSettings> = {},
  answerMs = 10_000,
): TestFeed {
  const facts: Pick<TestFeed, 'aside' | 'bytes'> = { aside: [], bytes: 0 }
  const silent = { info() {}, warn() {}, error() {} }
  const parts: FeedParts = {
    ...{ name: 'hub', log: silent, temporary: '' },
    setAside: ({ id }, reason) => facts.aside.push({ id, reason }),
    sent: bytes => {
      facts.bytes += bytes
    },
    pause: () => {},
  }
  const settings: EventHubsSettings = {
    ...{ form: 'gatehouse', columns: null, bodies: true, gzip: false, hub },
    credential: { connectionString: namespace?.connectionString ?? '' },
    ...over,
  }
  const feed = openEventHubsFeed(settings, parts, answerMs)
  feedsOf.set(t, [...(feedsOf.get(t) ?? []), feed])
  t.after(() => feed.close?.())
  return Object.assign(facts, { take: (exchanges: readonly RecordedExchange[]) => feed.take(exchanges) })
}

/** What the runner does: offers the same exchanges again until they are taken. @returns the reasons of the failures. */
export async function takeUntilTaken(
  feed: Feed,
  exchanges: readonly RecordedExchange[],
  between: () => void = () => {},
): Promise<string[]> {
  const failures: string[] = []
  while (failures.length < 200) {
    try {
      await feed.take(exchanges)
      return failures
    } catch (error) {
      failures.push(String(error))
      between()
    }
  }
  throw new Error(`not taken after ${failures.length} tries: ${failures.at(-1)}`)
}

export interface ReadRecords {
  /** Each record once, in the order of its first arrival in its partition. */
  readonly records: readonly RecordDocument[]
  readonly doubles: number
  /** Records of which not all parts were there. */
  readonly incomplete: number
  readonly headers: ReadonlySet<string>
}

/** Reads as a consumer does: joins parts, removes doubles by id, and stops after this many records. */
export async function readRecords(
  namespace: Pick<EventHubsSimulator, 'connectionString'>,
  count: number,
  over: Partial<HubReaderSettings> = {},
): Promise<ReadRecords> {
  const credential = { connectionString: namespace.connectionString }
  const settings: HubReaderSettings = { hub, credential, consumerGroup: '$Default', ...over }
  const joiner = new PartJoiner<string>({ clock: systemClock, onGivenUp: () => {}, onDamaged: () => {} })
  const records = new Map<string, RecordDocument>()
  const headers = new Set<string>()
  let doubles = 0
  const reading = new AbortController()
  for await (const messages of readHub(settings, new Map(), reading.signal)) {
    for (const message of messages) {
      headers.add(JSON.stringify(message.headers))
      const record = joiner.add(readMessage(message.value, message.headers['content-encoding']), message.offset)
      if (record !== null && records.has(record.id)) doubles += 1
      else if (record !== null) records.set(record.id, record)
    }
    if (records.size >= count) reading.abort()
  }
  return { records: [...records.values()], doubles, incomplete: [...joiner.incomplete()].length, headers }
}

/** Ids by the caller and workload of the record, in their order. */
export function idsByKey(
  records: Iterable<Readonly<Record<string, unknown>> & { readonly id: string }>,
): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(records, record => `${record['callerObjectId']} ${record['workload']}`)
  return Object.fromEntries([...groups].map(([name, list]) => [name, list.map(({ id }) => id)]))
}
