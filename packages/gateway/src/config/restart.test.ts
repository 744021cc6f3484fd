import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { needingRestart, restartOnly } from './restart.ts'
import { base } from './rules/rules.fixture.ts'
import { type ConfigInput, configSchema } from './schema/index.ts'

const started = configSchema.parse(parseYaml(base))

function changedTo(more: Partial<ConfigInput>) {
  return configSchema.parse({ ...parseYaml(base), ...more })
}

test('an equal configuration needs no restart', () => {
  assert.deepEqual(needingRestart(started, changedTo({})), [])
})

test('a changed setting that only a restart applies is named by its path, also in an added section', () => {
  const next = changedTo({
    gateway: { listen: '127.0.0.1:9090', timeouts: { keepAlive: '10s', total: '10m' }, bodyBytesMax: 1_048_576 },
    redis: { url: 'redis://127.0.0.1:6379' },
  })
  assert.deepEqual(needingRestart(started, next), ['gateway.listen', 'gateway.timeouts.keepAlive', 'redis'])
})

// Rights must be gone with the reload: waiting for a restart would leave them in place for days.
test('no setting that gives or limits rights needs a restart', () => {
  const rights = /^(?:admin\.(?!listen)|identity|instances|pools|workloads|limits\.rules|ledger\.retain|gateway\.cors)/
  assert.deepEqual(
    restartOnly.filter(path => rights.test(path)),
    [],
  )
})
