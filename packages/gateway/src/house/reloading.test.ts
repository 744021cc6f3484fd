import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { loadConfig } from '../config/load.ts'
import { silentLog } from '../log.ts'
import { feedColumns } from './feeds.ts'
import { startReloading } from './reloading.ts'

const example = fileURLToPath(new URL('../../gatehouse.example.yaml', import.meta.url))
const env = { AZURE_OPENAI_KEY: 'a-key-of-no-value' }

// A process that has closed everything else would never end, and a house that is closed would be given a configuration.
test('a reload that is under way when reloading stops changes nothing, and leaves nothing open', async t => {
  const path = join(temporaryDirectory('reloading'), 'gatehouse.yaml')
  copyFileSync(example, path)
  const loaded = await loadConfig(path, env)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const watched = (): number => process.getActiveResourcesInfo().filter(name => name === 'FSEventWrap').length
  const before = watched()
  const calls: string[] = []
  const house = {
    isInForce: () => calls.push('isInForce') < 0,
    reload: () => {
      calls.push('reload')
      return []
    },
  }
  const reloading = startReloading(house, loaded, { log: silentLog, env, watching: true })
  assert.equal(watched(), before + 1)
  writeFileSync(path, '# changed\n', { flag: 'a' })
  process.emit('SIGHUP', 'SIGHUP')
  t.mock.timers.tick(1_000)
  // The file is being read.
  reloading.stop()
  t.mock.timers.reset()
  // Readings that began later end later.
  for (let count = 0; count < 3; count += 1) await loadConfig(path, env, { columns: feedColumns })
  assert.deepEqual([calls, watched()], [[], before])
})
