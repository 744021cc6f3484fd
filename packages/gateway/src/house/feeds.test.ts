import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../config/messages.ts'
import { type ConfigInput, configSchema } from '../config/schema/index.ts'
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
    batch: { records: 5, bytes: 33_554_432, everyMs: 5_000 },
    behindMsMax: 172_800_000,
  })
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
