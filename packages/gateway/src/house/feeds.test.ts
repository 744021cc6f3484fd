import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../config/messages.ts'
import { type ConfigInput, configSchema } from '../config/schema/index.ts'
import type { OtlpSettings } from '../ledger/feeds/otlp/settings.ts'
import { feedSources } from './feeds.ts'

const feedsOf = (feeds: ConfigInput['feeds']) => ({ feeds: configSchema.shape.feeds.parse(feeds) })

test('a feed of the configuration is a source with its selection, batch and bound', () => {
  const [source] = feedSources(
    feedsOf({
      archive: {
        ...{ kind: 'files', directory: '/a', form: 'gen_ai', columns: ['gatehouse.workload'] },
        ...{ outcomes: ['failed'], batch: { records: 5, time: '5s' }, behind: '2d' },
      },
    }),
  )
  assert.ok(source !== undefined)
  const { module, ...rest } = source
  assert.match(module.href, /feeds\/files\/index\.ts$/)
  assert.deepEqual(rest, {
    name: 'archive',
    kind: 'files',
    settings: {
      ...{ directory: '/a', format: 'jsonl', form: 'gen_ai', bodies: false },
      columns: ['gatehouse.workload'],
    },
    selection: { workloads: null, outcomes: ['failed'] },
    batch: { records: 5, bytes: 33_554_432, everyMs: 5_000, waitsUnread: false },
    behindMsMax: 172_800_000,
  })
})

// Spans are made of one record at a time: what waits in memory for the others is only more to collect.
test('feeds of spans read a batch when it is due, the others gather it', () => {
  const connectionString =
    'InstrumentationKey=00000000-0000-4000-8000-000000000000;IngestionEndpoint=https://insights.example/'
  const sources = feedSources(
    feedsOf({
      spans: { kind: 'otlp', url: 'https://collector.example/v1/traces' },
      insights: { kind: 'application-insights', connectionString },
      lake: { kind: 'files', directory: '/a' },
    }),
  )
  assert.deepEqual(
    sources.map(({ name, batch }) => [name, batch?.waitsUnread]),
    [
      ['spans', true],
      ['insights', true],
      ['lake', false],
    ],
  )
})

test('spans name the provider of an instance by its kind, or as the feed says', () => {
  const key = { key: 'a-key-that-is-long-enough' }
  const instances = configSchema.shape.instances.parse({
    azure: { endpoint: 'https://azure.example', deployments: {} },
    lab: { kind: 'openai', endpoint: 'https://lab.example', credential: key, deployments: {} },
    other: { kind: 'openai', endpoint: 'https://other.example', credential: key, deployments: {} },
  })
  const url = 'https://collector.example/v1/traces'
  const [source] = feedSources({ ...feedsOf({ a: { kind: 'otlp', url, providers: { other: 'groq' } } }), instances })
  assert.ok(source !== undefined)
  assert.deepEqual((source.settings as OtlpSettings).providers, { lab: 'openai', other: 'groq' })
})

// A column that does not exist would be missing in every file, and no message would say so.
test('a column that the form does not have is refused with its path', () => {
  const feeds = feedsOf({ archive: { kind: 'files', directory: '/a', columns: ['workload', 'workloads'] } })
  assert.throws(
    () => feedSources(feeds),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.problems.map(({ code, path }) => `${code} ${path}`),
        ['unknown_name feeds.archive.columns[1]'],
      )
      return true
    },
  )
})
