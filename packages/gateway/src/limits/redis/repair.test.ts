/** Repair of data in Redis that belong to dead replicas, or to calls that no replica knows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tell } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { claim } from '../counting/claim.fixture.ts'
import type { Claim } from '../counting/counters.ts'
import { startRedis, startReplica } from './redis.fixture.ts'
import { isOk, read, reserve, reserved, settle, shows } from './replicas.fixture.ts'

// A machine may sleep for a minute and then continue its calls. Their use is charged although their reservations were
// refunded.
test('P7 a replica that was given up and comes back is charged for what it used', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const serverClock = (): number => now
  const asleep = await startReplica(t, redis, { serverClock, leaseExpiryMs: 10_000 })
  const awake = await startReplica(t, redis, { serverClock, leaseExpiryMs: 10_000 })
  const call = await reserved(asleep, 400)
  await asleep.counters.beat()
  await eventually('it is given up', async () => {
    // Its own timer may send a heartbeat in between. Then it is silent once more.
    now += 11_000
    await awake.counters.beat()
    return (await read(awake))[1]?.reserved === 0 ? true : null
  })
  settle(asleep, call, 150)
  await asleep.counters.flush()
  await shows(awake, 150, 0)
  await asleep.counters.beat()
  settle(asleep, await reserved(asleep, 100), 100)
  await shows(awake, 250, 0)
})

// Otherwise the reservation would be missing from the limit until the process ends.
test('a reservation that no replica knows is found and refunded', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis, { leaseExpiryMs: 100 })
  await reserved(one, 10)
  const [leases = ''] = tell(redis.port, 'KEYS', '*:leases:*').split('\n')
  const [counter = ''] = tell(redis.port, 'KEYS', '*tokensPerMinute').split('\n')
  const step = tell(redis.port, 'HGET', counter, 'n')
  tell(redis.port, 'HINCRBY', counter, 's', '500')
  tell(redis.port, 'HINCRBY', counter, 'r', '500')
  tell(redis.port, 'HINCRBY', counter, step, '500')
  tell(redis.port, 'HSET', leases, 'stray', `${counter} 500 ${step}`)
  await shows(one, 0, 10)
})

// One counter that another program has overwritten must not block the settlement of all others, nor fill the memory.
test('a settlement that always fails is logged and dropped, and those after it are counted', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis)
  const spoiled = [claim(one.counters, 'spoiled', 'tokensPerMinute', 100)]
  const calls = [await reserved(one, 20), await reserved(one, 10, spoiled), await reserved(one, 20)]
  tell(redis.port, 'SET', '{gatehouse}:c:spoiled:tokensPerMinute', 'overwritten')
  for (const call of calls) settle(one, call, 5)
  await shows(one, 10, 0)
  assert.equal((await reserve(one, 10, spoiled)).reservation?.state, 'local', 'Redis cannot decide about it')
  assert.deepEqual(one.logged, ['limits_not_told', 'limits_not_asked'])
})

// With a counter for each caller, idle counters are dropped all the time, also while Redis decides about one of them.
test('a counter that is dropped while Redis decides is counted all the same', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis)
  const { counters } = one
  const ofCaller = (name: string): Claim => {
    const counter = counters.counter({
      key: `a|${name}:tokensPerDay`,
      base: 'a',
      subject: name,
      measure: 'tokensPerDay',
    })
    const { own, unit } = counter
    return { counter, own, unit, limit: 100, limitText: '100', enforce: true, takes: true, rule: 'a' }
  }
  const claims = [ofCaller('alice')]
  const reserving = reserve(one, 40, claims)
  for (let others = 0; !(claims[0]?.counter.isDropped ?? true); others += 1) ofCaller(`caller ${others}`)
  const { reservation } = await reserving
  settle(one, reservation ?? assert.fail(), 30)
  await one.counters.flush()
  await redis.kill()
  await redis.start()
  await isOk(one)
  assert.deepEqual((await read(one, [ofCaller('alice')]))[0]?.used, 30)
})
