import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startRedis } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { OwnerMemory } from './owner-memory.ts'
import { type InterruptedRedis, redisAt } from './redis.fixture.ts'
import { SharedOwners } from './shared-owners.ts'

const hr = { workload: 'hr-bot', instance: 'east' }
const code = { workload: 'code-assistant', instance: 'west' }

interface Replica {
  readonly redis: InterruptedRedis
  readonly memory: OwnerMemory
  readonly owners: SharedOwners
  readonly deleted: string[]
}

async function replicaAt(t: TestContext, url: string): Promise<Replica> {
  const redis = redisAt(t, url)
  const memory = new OwnerMemory(100)
  const deleted: string[] = []
  const owners = new SharedOwners(redis, 60_000, memory, id => void deleted.push(id))
  t.after(() => owners.close())
  await redis.start()
  return { redis, memory, owners, deleted }
}

/** Waits until the replica sees this of an object. */
async function sees(replica: Replica, id: string, expected: unknown): Promise<void> {
  await eventually(`${id} is ${JSON.stringify(expected)}`, async () => {
    const found = await replica.owners.ownerOf(id)
    return JSON.stringify(found) === JSON.stringify(expected) ? true : null
  })
}

// A client that gets another replica for its next call would be told that its response does not exist.
test('what one replica writes another one reads: owners, deletions, and the first owner of two', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [await replicaAt(t, url), await replicaAt(t, url)]
  one.owners.put(['resp_1', 'file-1'], hr)
  await sees(two, 'file-1', hr)
  two.owners.put(['resp_1'], code)
  two.owners.put(['file-1'], null)
  await two.owners.close()
  assert.deepEqual(await one.owners.ownerOf('resp_1'), hr)
  assert.equal(await one.owners.ownerOf('file-1'), 'deleted')
  assert.deepEqual(await one.owners.ownersOf(['file-1', 'resp_1', 'unknown']), new Map([['resp_1', hr]]))
})

// A minute without Redis must not make objects of that minute unknown to the other replicas for ever.
test('what Redis could not take is written when it is back, in its newest state', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [await replicaAt(t, url), await replicaAt(t, url)]
  one.redis.takeDown()
  one.owners.put(['resp_1', 'resp_2'], hr)
  one.owners.put(['resp_1'], null)
  assert.equal(await one.owners.ownerOf('resp_1'), 'unknown')
  assert.deepEqual(await one.owners.ownersOf(['resp_1', 'resp_2']), new Map())
  await one.redis.bringBack()
  assert.equal(await two.owners.ownerOf('resp_1'), 'deleted')
  assert.deepEqual(await two.owners.ownerOf('resp_2'), hr)
})

// One write may time out while Redis counts as up. Nothing else would cause another attempt.
test('a single write that failed is retried without an outage', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [await replicaAt(t, url), await replicaAt(t, url)]
  one.redis.failures = 1
  one.owners.put(['resp_1'], hr)
  await sees(two, 'resp_1', hr)
})

// A restarted Redis has lost everything. "Does not exist" would make clients give up their objects.
test('an empty Redis gets what the replicas remember, and is not believed until they have had the time', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [await replicaAt(t, url), await replicaAt(t, url)]
  one.memory.put('resp_1', hr)
  one.memory.put('resp_2', hr)
  one.memory.delete('resp_2')
  await Promise.all([one.redis.takeDown(), two.redis.takeDown()])
  await two.redis.bringBack(true)
  assert.equal(await two.owners.ownerOf('resp_1'), 'unknown', 'another replica may know it')
  await one.redis.bringBack()
  await sees(two, 'resp_1', hr)
  assert.equal(await two.owners.ownerOf('resp_2'), 'unknown')
})

// The replica that reports a creation late does not know of the deletion. Its own memory must be corrected.
test('a replica that reports a deleted object learns that it was deleted', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [await replicaAt(t, url), await replicaAt(t, url)]
  one.owners.put(['file-2'], null)
  await sees(two, 'file-2', 'deleted')
  two.owners.put(['file-1', 'file-2', 'file-3'], hr)
  await two.owners.close()
  assert.deepEqual(two.deleted, ['file-2'])
  assert.deepEqual(
    await one.owners.ownersOf(['file-1', 'file-2', 'file-3']),
    new Map([
      ['file-1', hr],
      ['file-3', hr],
    ]),
  )
})

test('a value that is no owner is treated as absent', async t => {
  const { url } = await startRedis(t)
  const { redis, owners } = await replicaAt(t, url)
  for (const value of ['nonsense', '{}', '["hr-bot"]', '[1,2]']) {
    await redis.write('object:resp_1', value)
    assert.deepEqual(await owners.ownersOf(['resp_1']), new Map())
  }
})

// 200,000 objects are remembered: the memory must be bounded, and the names of their few owners are kept once.
test('the memory of owners drops the oldest object and keeps equal owners once', () => {
  const memory = new OwnerMemory(3)
  const ids = ['a', 'b', 'c', 'd']
  for (const id of ids) assert.equal(memory.put(id, { ...hr }), true)
  assert.equal(memory.put('d', code), false, 'the first owner stays')
  assert.equal(memory.size, 3)
  assert.equal(memory.get('a'), null)
  assert.equal(memory.get('b'), memory.get('c'), 'one object for equal owners')
  memory.delete('b')
  assert.deepEqual(
    [...memory.entries()].map(([id]) => id),
    ['c', 'd'],
  )
})
