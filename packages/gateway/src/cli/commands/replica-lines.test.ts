import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import type { ReplicaState, ReplicasReport } from '../../replicas/index.ts'
import { run } from '../run.fixture.ts'

// Whoever asks one of three replicas must not take a third for the whole.
test('instances, limits and feeds show the sum of the replicas, each of them, and which one is silent', async t => {
  const house = await startHouse(t)
  const { replicas } = await house.running.replicas()
  const [own] = replicas as [ReplicaState]
  const other = { ...own, id: 'other', name: 'east-2', isSelf: false }
  const silent = { ...other, id: 'third', name: 'east-3', status: 'silent', quietMs: 40_000 } as const
  const old = { ...other, id: 'old', name: 'east-4', figures: null }
  const shared: ReplicasReport = { sharing: 'ok', replicas: [own, other, silent, old] }
  let report = shared
  house.running.replicas = async () => report
  const token = (): Promise<string> => house.token('carol')
  const read = async (noun: string): Promise<string> => (await run([noun], { admin: house.admin.url, token })).out

  const instances = await read('instances')
  assert.match(instances, /^! Silent, and in no sum: east-3\./)
  // Of each 300 calls in two replicas: the silent one and the one of another version are not counted.
  assert.match(instances, / east +gpt-4o +spilling .* 600 +4 +6 /)
  assert.match(instances, /\n +east-1 \(this one\) +alive +3 +west +60 min +0\.0\.0/)
  assert.match(instances, /\n✗ +east-3 +silent 40 s +3 +west +- +0\.0\.0/)
  assert.match(instances, /\n +east-4 +alive +- +- +- +another/)

  const feeds = await read('feeds')
  assert.match(feeds, /✗ +east +files +failing +2,400 +75 s +196,000 /)
  assert.match(feeds, /east-2 +alive +3 +east failing 1,200 behind by 75 s/)

  const limits = await read('limits')
  assert.match(limits, /east-2 +alive +3 +memory +ok +0 /)

  report = { sharing: 'away', replicas: [own] }
  for (const noun of ['instances', 'feeds', 'limits']) {
    assert.match(await read(noun), /^! Redis does not answer: these are the figures of one replica alone\./)
  }
  report = { sharing: 'alone', replicas: [own] }
  assert.doesNotMatch(await read('instances'), /replica/)
})
