/** What `--feed KIND` adds to the demonstration: a receiver that it starts itself, and the feed that ships into it. */
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReceivedSpan } from '@gatehouse/simulator'
import type { ConfigInput } from '../../config/schema/index.ts'
import type { DemoFeedKind } from './kinds.ts'

export interface DemoFeed {
  /** The feed's section; the name of the feed is the one after `--feed`. */
  readonly feed: NonNullable<ConfigInput['feeds']>[string]
  /** For the banner: where to look. */
  readonly where: string
  /** Stops the receiver. Called after the gateway has stopped. */
  close(): Promise<void>
}

export interface DemoFeedParts {
  readonly host: string
  readonly stateDirectory: string
}

/** By kind. Each loads what it needs when it is started. */
export const demoFeeds: Readonly<Record<DemoFeedKind, (parts: DemoFeedParts) => Promise<DemoFeed>>> = {
  files: async ({ stateDirectory }) => filesIn(join(stateDirectory, 'files'), 'jsonl'),
  parquet: async ({ stateDirectory }) => filesIn(join(stateDirectory, 'parquet'), 'parquet'),
  async 'event-hubs'() {
    const { startEventHubs } = await import('@gatehouse/simulator')
    const hub = 'records'
    const namespace = await startEventHubs({ hubs: { [hub]: {} }, keys: { demonstration: 'key-of-the-demonstration' } })
    const { connectionString } = namespace
    const feed: DemoFeed['feed'] = { kind: 'event-hubs', hub, credential: { connectionString }, bodies: true }
    return { feed, where: `${connectionString};EntityPath=${hub}`, close: () => namespace.close() }
  },
  async kafka() {
    const { startKafka } = await import('@gatehouse/simulator')
    const topic = 'gatehouse'
    const kafka = await startKafka({ topics: { [topic]: {} } })
    const feed: DemoFeed['feed'] = { kind: 'kafka', brokers: [kafka.address], topic, tls: false, bodies: true }
    return { feed, where: `kafka://${kafka.address}/${topic}`, close: () => kafka.close() }
  },
  async otlp({ stateDirectory }) {
    const { startOtlp } = await import('@gatehouse/simulator')
    const directory = join(stateDirectory, 'otlp')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const file = join(directory, 'spans.jsonl')
    const collector = await startOtlp({
      async received(spans) {
        await appendFile(file, spans.map(span => `${lineOf(span)}\n`).join(''))
        return null
      },
    })
    const feed: DemoFeed['feed'] = { kind: 'otlp', url: collector.url, callers: true, batch: { time: '1s' } }
    return { feed, where: `${collector.url}, spans in ${file}`, close: () => collector.close() }
  },
}

/** Nanoseconds as text: they are beyond what JSON's numbers hold. */
function lineOf(span: ReceivedSpan): string {
  return JSON.stringify(span, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

function filesIn(directory: string, format: 'jsonl' | 'parquet'): DemoFeed {
  // A person who watches the directory should not have to wait for a minute.
  const feed = { kind: 'files', directory, format, bodies: true, batch: { time: '3s' } } as const
  return { feed, where: directory, close: async () => {} }
}
