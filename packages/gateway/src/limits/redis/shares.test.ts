/** Shares of limits while Redis is down, with `whenStoreIsDown: local`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf, seedOfRun } from '../../../../../test/support/random.ts'
import { claim } from '../counting/claim.fixture.ts'
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

// Behind a load balancer that keeps connections, one gateway may have all calls of a caller, and the others none.
test('P7 local: however the calls were spread before, the replicas admit no more than the limit', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const parts = { clock: () => now, serverClock: () => now }
  const replicas = await Promise.all([1, 2, 3, 4].map(() => startReplica(t, redis, parts)))
  const { below } = randomOf(seedOfRun())
  const callers = Array.from({ length: 200 }, (_, at) => `caller-${at}`)
  const claimsOf = ({ counters }: Replica, caller: string) => [claim(counters, caller, 'tokensPerMinute', 1_000)]
  const passed = new Map<string, number>()
  const fill = async (replica: Replica, caller: string, most: number): Promise<void> => {
    for (let calls = 0; calls < most; calls += 1) {
      const { reservation } = await reserve(replica, 50, claimsOf(replica, caller))
      if (reservation === null) return
      passed.set(caller, (passed.get(caller) ?? 0) + 50)
    }
  }
  for (const caller of callers) {
    // Every replica has had a call before the others use the rest.
    for (const replica of replicas) await fill(replica, caller, 1)
    for (let turns = below(4); turns >= 0; turns -= 1) {
      const replica = replicas[below(4)]
      if (replica !== undefined) await fill(replica, caller, below(14))
    }
  }
  now += 500
  // A beat asks for a hundred counters.
  for (let beats = 0; beats < 2; beats += 1) for (const { counters } of replicas) await counters.beat()
  await redis.kill()
  for (const caller of callers) for (const replica of replicas) await fill(replica, caller, 40)
  const sums = [...passed.values()]
  assert.ok(Math.max(...sums) <= 1_000, `${Math.max(...sums)} of 1000`)
  // Each share is rounded down to whole calls.
  assert.ok(Math.min(...sums) > 1_000 - 4 * 50, `only ${Math.min(...sums)} of 1000`)
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
