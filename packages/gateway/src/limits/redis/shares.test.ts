/** Shares of limits while Redis is down, with `whenStoreIsDown: local`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Replica, startRedis, startReplica } from './redis.fixture.ts'
import { refused, reserve, reserved, settle } from './replicas.fixture.ts'

// The shares of all replicas together are the limit, not a multiple of it.
test('P7 local: replicas without Redis together admit no more than the limit', async t => {
  const redis = await startRedis(t)
  const replicas = await Promise.all([1, 2, 3, 4].map(() => startReplica(t, redis)))
  const [one] = replicas
  assert.ok(one !== undefined)
  await reserved(one, 500)
  for (const replica of replicas) {
    await replica.counters.beat()
    await reserve(replica, 10)
  }
  await redis.kill()
  let passed = 540
  for (const replica of replicas) {
    for (let calls = 0; calls < 200; calls += 1) {
      if ((await reserve(replica, 10)).reservation !== null) passed += 10
    }
  }
  assert.ok(passed <= 1_000, `${passed} of 1000`)
  assert.ok(passed >= 900, `only ${passed} of 1000`)
  const shortage = await refused(one, 10)
  assert.equal(shortage.state, 'local')
  assert.ok(shortage.retryAfterMs > 0 && shortage.retryAfterMs <= 60_500)
})

// A share that was small by chance must not stay small for the whole outage; a large one must shrink first.
test('P7 local: shares become equal after two windows, and never add up to more than the limit', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const parts = { clock: () => now, serverClock: () => now }
  const [large, small] = [await startReplica(t, redis, parts), await startReplica(t, redis, parts)]
  settle(large, await reserved(large, 1_000), 1_000)
  for (const { counters } of [large, small]) await counters.beat()
  assert.equal((await reserve(small, 10)).reservation, null)
  await redis.kill()
  const fill = async (replica: Replica): Promise<number> => {
    for (let passed = 0; ; passed += 10) {
      const { reservation } = await reserve(replica, 10)
      if (reservation === null) return passed
      settle(replica, reservation, 10)
    }
  }
  assert.deepEqual([await fill(large), await fill(small)], [0, 0])
  now += 61_000
  assert.deepEqual([await fill(large), await fill(small)], [1_000, 0], 'first window: shares as before')
  now += 61_000
  assert.deepEqual([await fill(large), await fill(small)], [500, 0], 'second window: large shares shrink')
  now += 61_000
  assert.deepEqual([await fill(large), await fill(small)], [500, 500], 'third window: equal shares')
})
