import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { randomOf, seedOfRun } from '../../../../../test/support/random.ts'
import { tell } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { claim, type Replica, startRedis, startReplica } from './redis.fixture.ts'

const callsMax = 1_500
const faults = ['kill', 'stop', 'freeze', 'flush', 'drop connections'] as const

// Every answer may be lost, at every point: whoever is told too little overshoots, whoever is told twice is robbed, and what leaks is missing for ever.
for (const appendOnly of [true, false]) {
  const how = appendOnly ? 'keeps its data' : 'loses its data'
  test(`P7 whatever becomes of a Redis that ${how}, every call is counted once and nothing stays reserved`, async t => {
    const seed = seedOfRun()
    t.diagnostic(`seed ${seed}`)
    const random = randomOf(seed)
    const redis = await startRedis(t, { appendOnly })
    const start = (): Promise<Replica> => startReplica(t, redis, { whenDown: 'allow', timeoutMs: 100 })
    const replicas = await Promise.all([start(), start(), start()])
    let used = 0
    let calls = 0
    let isOver = false
    const caller = async (replica: Replica): Promise<void> => {
      const { counters } = replica
      const claims = [
        claim(counters, 'a', 'tokensPerMonth', 1e12),
        claim(counters, 'a', 'callsInFlight', 1e6),
        claim(counters, 'a', 'requestsPerMinute', 1e12),
      ]
      while (calls < callsMax || !isOver) {
        calls += 1
        const { reservation: taken } = await counters.reserve(claims, { tokens: random.below(50), costNano: 0 })
        await delay(random.below(40))
        const tokens = random.below(80)
        used += tokens
        counters.settle(taken ?? assert.fail('allow refuses nobody'), { tokens, costNano: 0, calls: 1 })
      }
    }
    const misfortune = async (): Promise<void> => {
      for (const fault of faults) {
        await delay(50 + random.below(200))
        if (fault === 'kill') await redis.kill()
        if (fault === 'stop') await redis.stop()
        if (fault === 'freeze') redis.freeze()
        if (fault === 'flush' && !appendOnly) tell(redis.port, 'FLUSHALL')
        if (fault === 'drop connections') tell(redis.port, 'CLIENT', 'KILL', 'TYPE', 'normal')
        await delay(100 + random.below(200))
        redis.thaw()
        await redis.start()
        await eventually('everybody is back', () => (replicas.every(one => one.counters.state === 'ok') ? true : null))
      }
      isOver = true
    }
    await Promise.all([misfortune(), ...replicas.flatMap(one => [1, 2, 3, 4].map(() => caller(one)))])
    const [one] = replicas
    assert.ok(one !== undefined)
    const { counters } = one
    const counted = ['tokensPerMonth', 'callsInFlight', 'requestsPerMinute'] as const
    let seen: unknown
    await eventually('all is told', async () => {
      for (const replica of replicas) await replica.counters.flush()
      const standings = await counters.read(counted.map(name => claim(counters, 'a', name, 1).counter))
      seen = standings.map(standing => [standing.used, standing.reserved])
      return tell(redis.port, 'KEYS', '*:leases:*') === '' ? true : null
    })
    assert.deepEqual(seen, [
      [used, 0],
      [0, 0],
      [calls, 0],
    ])
  })
}
