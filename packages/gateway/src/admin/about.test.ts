import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { commitOf } from '../commit.ts'
import { configSchema } from '../config/schema/index.ts'
import { version } from '../version.ts'
import { aboutAnswer } from './about-schemas.ts'
import { configInput, startHouse } from './house.fixture.ts'

test('about says which version runs how, and shows viewers the worst of each part', async t => {
  const directory = temporaryDirectory('page')
  const packages = [{ name: 'undici', version: '8.0.0', licence: 'MIT' }]
  writeFileSync(join(directory, 'packages.json'), JSON.stringify({ notices: 'notices-1.txt', packages }))
  const { entra } = configSchema.parse(configInput).identity
  const house = await startHouse(t, { console: { directory, redis: null, entra: () => entra } })
  const about = async (as: string) => aboutAnswer.parse((await house.send('/api/v1/about', { as })).json)
  const { health, ...facts } = await about('bob')
  assert.deepEqual([facts.version, facts.node, facts.packages], [version, process.version, packages])
  assert.equal(facts.notices, '/assets/notices-1.txt')
  assert.equal(facts.commit, commitOf(join(import.meta.dirname, '../../../..')))
  assert.deepEqual(
    health?.parts.map(({ name, state }) => [name, state]),
    [
      ['ledger', 'ok'],
      ['limits', 'warning'],
      ['instances', 'critical'],
      ['feeds', 'critical'],
      ['sources', 'ok'],
      ['replicas', 'ok'],
      ['signIn', 'note'],
    ],
  )
  assert.ok(health?.parts.every(({ state, what, next }) => (state === 'ok') === (what === null && next === null)))
  assert.deepEqual(
    health?.replicas.map(({ name, isSelf }) => [name, isSelf]),
    [['east-1', true]],
  )
  house.ledger.failure = new Error('the disk is gone')
  assert.equal((await about('bob')).health?.parts[0]?.state, 'critical')
  // Whoever has no role learns what a bug report needs, and nothing of the house.
  assert.equal((await about('dave')).health, null)
})
