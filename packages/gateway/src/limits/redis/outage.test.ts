import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tell } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import type { Claim, Outcome, Standing, Taken } from '../counting/counters.ts'
import { claim, type Replica, startRedis, startReplica } from './redis.fixture.ts'

const modes = ['refuse', 'local', 'allow'] as const

const perMinute = ({ counters }: Replica, limit = 1_000): readonly Claim[] => [
  claim(counters, 'hr-bot', 'tokensPerMinute', limit),
  claim(counters, 'hr-bot', 'callsInFlight', 100),
]

async function take(replica: Replica, tokens: number, claims = perMinute(replica)): Promise<Outcome> {
  return await replica.counters.reserve(claims, { tokens, costNano: 0 })
}

async function taken(replica: Replica, tokens: number, claims = perMinute(replica)): Promise<Taken> {
  const outcome = await take(replica, tokens, claims)
  return outcome.taken ?? assert.fail(`refused: ${JSON.stringify(outcome.short.state)}`)
}

function settle(replica: Replica, one: Taken, tokens: number): void {
  replica.counters.settle(one, { tokens, costNano: 0, calls: 1 })
}

async function standing(replica: Replica, claims = perMinute(replica)): Promise<readonly Standing[]> {
  return await replica.counters.read(claims.map(({ counter }) => counter))
}

const isOk = (...replicas: readonly Replica[]): Promise<true> =>
  eventually('the store is back', () => (replicas.every(({ counters }) => counters.state === 'ok') ? true : null))

/** Used tokens over all replicas, asked until they are as expected: what is settled is said a moment later. */
async function shows(replica: Replica, used: number, reserved: number): Promise<void> {
  let seen: Standing | undefined
  await eventually(`${used} used, ${reserved} reserved`, async () => {
    seen = (await standing(replica))[0]
    return seen?.used === used && seen.reserved === reserved ? true : null
  }).catch((error: unknown) => assert.fail(`${String(error)}, but ${JSON.stringify(seen)}`))
}

// An operator chooses what happens; anything else would be a limit that is silently none, or an outage nobody chose.
for (const whenDown of modes) {
  test(`P7 with a Redis that is away, whenStoreIsDown: ${whenDown} is what happens, and is said`, async t => {
    const redis = await startRedis(t)
    const one = await startReplica(t, redis, { whenDown })
    await taken(one, 900)
    assert.equal(one.counters.downSinceMs, null)
    await redis.kill()
    const within = await take(one, 100)
    const beyond = await take(one, 100)
    if (whenDown === 'refuse') assert.equal(within.short?.state, 'refuse')
    else assert.equal(within.taken?.state, whenDown)
    if (whenDown === 'refuse') assert.deepEqual(beyond.short?.full, [])
    if (whenDown === 'local') assert.equal(beyond.short?.worst?.rule, 'hr-bot')
    if (whenDown === 'allow') assert.equal(beyond.taken?.state, 'allow')
    assert.equal(one.counters.state, whenDown)
    assert.ok((one.counters.downSinceMs ?? 0) > Date.now() - 60_000)
    await redis.start()
    await isOk(one)
    assert.deepEqual(
      one.said.filter(word => word.startsWith('limits_')),
      ['limits_store_down', 'limits_store_back'],
    )
  })
}

// A rule that is only tried out must not be the reason for an outage.
test('a call that meets only rules in mode shadow passes, even with refuse', async t => {
  const redis = await startRedis(t, { started: false })
  const one = await startReplica(t, redis, { whenDown: 'refuse' })
  const outcome = await take(one, 10, [claim(one.counters, 'tried-out', 'tokensPerMinute', 1, false)])
  assert.equal(outcome.taken?.state, 'allow')
  assert.equal((await take(one, 10)).short?.state, 'refuse')
})

// A gateway that has restarted while Redis is away must serve as the operator chose.
test('a Redis that is absent at start is no crash: calls are served by whenStoreIsDown, and are counted when it comes', async t => {
  const redis = await startRedis(t, { started: false })
  const one = await startReplica(t, redis)
  assert.equal(one.counters.state, 'local')
  const first = await taken(one, 300)
  await taken(one, 400)
  settle(one, first, 250)
  await redis.start()
  await isOk(one)
  await shows(one, 250, 400)
})

// Without it, every crash of Redis would give everybody a fresh minute and a fresh month.
for (const appendOnly of [false, true]) {
  const how = appendOnly ? 'with its data' : 'empty'
  test(`P7 when Redis comes back ${how}, what was used before and meanwhile is counted once`, async t => {
    const redis = await startRedis(t, { appendOnly })
    const [one, two] = [await startReplica(t, redis), await startReplica(t, redis)]
    const long = await taken(one, 100)
    const other = await taken(two, 50)
    settle(two, await taken(two, 70), 60)
    const claims = perMinute(one)
    await shows(one, 60, 150)
    await redis.kill()
    // Of one: a call of before ends, one comes and ends, one comes and stays. Two does nothing.
    settle(one, long, 80)
    settle(one, await taken(one, 30), 20)
    const staying = await taken(one, 40)
    await redis.start()
    await isOk(one, two)
    await shows(one, 60 + 80 + 20, 50 + 40)
    settle(one, staying, 5)
    settle(two, other, 5)
    await shows(two, 60 + 80 + 20 + 5 + 5, 0)
    assert.equal((await standing(one, claims))[1]?.reserved, 0, 'nothing leaks')
    assert.equal(tell(redis.port, 'KEYS', '*:leases:*'), '')
  })
}

// A fleet that asks a half-empty Redis would let pass again what others have used already.
test('P7 a Redis that came back empty is not relied on before everybody has told theirs', async t => {
  const redis = await startRedis(t)
  const [one, two] = [await startReplica(t, redis), await startReplica(t, redis)]
  settle(two, await taken(two, 900), 900)
  await one.counters.beat()
  await redis.kill()
  await redis.start()
  await isOk(one)
  assert.equal((await take(one, 200)).short?.state, 'ok')
  assert.equal((await standing(one))[0]?.used, 900)
})

// One that never comes back must not hold up the others for ever.
test('one that died with Redis is waited for 3 seconds, not longer', async t => {
  const redis = await startRedis(t)
  const [one, two] = [await startReplica(t, redis), await startReplica(t, redis)]
  await one.counters.beat()
  await two.crash()
  await redis.kill()
  await redis.start()
  const began = performance.now()
  await isOk(one)
  const waited = performance.now() - began
  assert.ok(waited > 2_000 && waited < 6_000, `waited ${waited} ms`)
})

// A connection that holds says nothing about the data behind it: failover and FLUSHALL empty it unseen.
test('P7 data that vanish while the connection holds are noticed by the next call, and told again', async t => {
  for (const whenDown of ['refuse', 'local'] as const) {
    const redis = await startRedis(t)
    const one = await startReplica(t, redis, { whenDown })
    settle(one, await taken(one, 900), 900)
    await shows(one, 900, 0)
    assert.equal(tell(redis.port, 'FLUSHALL'), 'OK')
    const next = await take(one, 200)
    assert.equal(next.taken, null, 'the limit holds')
    await isOk(one)
    await shows(one, 900, 0)
    assert.equal((await take(one, 200)).short?.state, 'ok')
  }
})

// The shares of all replicas together are the limit, not a multiple of it.
test('P7 local: replicas without Redis let pass together no more than the limit', async t => {
  const redis = await startRedis(t)
  const replicas = await Promise.all([1, 2, 3, 4].map(() => startReplica(t, redis)))
  const [one, two] = replicas
  if (one === undefined || two === undefined) return
  await taken(one, 500)
  for (const replica of replicas) {
    await replica.counters.beat()
    await take(replica, 10)
  }
  await redis.kill()
  let passed = 540
  for (const replica of replicas) {
    for (let calls = 0; calls < 200; calls += 1) if ((await take(replica, 10)).taken !== null) passed += 10
  }
  assert.ok(passed <= 1_000, `${passed} of 1000`)
  assert.ok(passed >= 900, `only ${passed} of 1000`)
  const short = (await take(one, 10)).short ?? assert.fail()
  assert.equal(short.state, 'local')
  assert.ok(short.retryAfterMs > 0 && short.retryAfterMs <= 60_500)
})

// A share that was small by chance must not stay small for the whole outage; one that was large must shrink first.
test('P7 local: shares become equal after two windows, and never sum up to more than the limit', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const parts = { clock: () => now, serverClock: () => now }
  const [large, small] = [await startReplica(t, redis, parts), await startReplica(t, redis, parts)]
  settle(large, await taken(large, 1_000), 1_000)
  for (const { counters } of [large, small]) await counters.beat()
  assert.equal((await take(small, 10)).taken, null)
  await redis.kill()
  const fill = async (replica: Replica): Promise<number> => {
    for (let passed = 0; ; passed += 10) {
      const outcome = await take(replica, 10)
      if (outcome.taken === null) return passed
      settle(replica, outcome.taken, 10)
    }
  }
  assert.deepEqual([await fill(large), await fill(small)], [0, 0])
  now += 61_000
  assert.deepEqual([await fill(large), await fill(small)], [1_000, 0], 'the first window: as it was')
  now += 61_000
  assert.deepEqual([await fill(large), await fill(small)], [500, 0], 'the second: large ones shrink')
  now += 61_000
  assert.deepEqual([await fill(large), await fill(small)], [500, 500], 'the third: equal')
})

// A hanging server holds up the calls of one time limit; the answer that nobody waited for must not cost anything for ever.
test('P7 a reserve whose answer did not come in time is given back', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis, { whenDown: 'refuse', timeoutMs: 100 })
  await taken(one, 10)
  redis.freeze()
  const asked = await Promise.all([take(one, 100), take(one, 100)])
  assert.deepEqual(
    asked.map(({ short }) => short?.state),
    ['refuse', 'refuse'],
  )
  const began = performance.now()
  for (let calls = 0; calls < 100; calls += 1) await take(one, 100)
  assert.ok(performance.now() - began < 90, 'the others do not wait')
  redis.thaw()
  await isOk(one)
  await shows(one, 0, 10)
})

// A settlement that was said and not answered must be counted, and once.
test('P7 what is settled while the server hangs is counted once', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis, { timeoutMs: 100 })
  const calls = [await taken(one, 100), await taken(one, 100)]
  redis.freeze()
  for (const call of calls) settle(one, call, 30)
  await eventually('it is seen', () => (one.counters.state === 'local' ? true : null))
  redis.thaw()
  await isOk(one)
  await shows(one, 60, 0)
})

// A machine that sleeps for a minute comes back with answers: what they used is charged although their reservation was given up.
test('P7 a replica that was given up and comes back is charged for what it used', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const serverClock = (): number => now
  const asleep = await startReplica(t, redis, { serverClock, leaseExpiryMs: 10_000 })
  const awake = await startReplica(t, redis, { serverClock, leaseExpiryMs: 10_000 })
  const call = await taken(asleep, 400)
  await asleep.counters.beat()
  await eventually('it is given up', async () => {
    // Its own timer may say just now that it lives: then it is silent once more.
    now += 11_000
    await awake.counters.beat()
    return (await standing(awake))[1]?.reserved === 0 ? true : null
  })
  settle(asleep, call, 150)
  await asleep.counters.told()
  await shows(awake, 150, 0)
  await asleep.counters.beat()
  settle(asleep, await taken(asleep, 100), 100)
  await shows(awake, 250, 0)
})

// What stands in Redis for nobody would be missing from the limit until the process ends.
test('a reservation that nobody knows of is found and given back', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis, { leaseExpiryMs: 100 })
  await taken(one, 10)
  const [leases = ''] = tell(redis.port, 'KEYS', '*:leases:*').split('\n')
  const [counter = ''] = tell(redis.port, 'KEYS', '*tokensPerMinute').split('\n')
  const step = tell(redis.port, 'HGET', counter, 'n')
  tell(redis.port, 'HINCRBY', counter, 's', '500')
  tell(redis.port, 'HINCRBY', counter, 'r', '500')
  tell(redis.port, 'HINCRBY', counter, step, '500')
  tell(redis.port, 'HSET', leases, 'stray', `${counter} 500 ${step}`)
  await shows(one, 0, 10)
})

// A budget for a month must not be new because a process, or Redis, is.
test('P7 what the ledger remembers is told once: to an empty Redis, not to one that knows it', async t => {
  const redis = await startRedis(t, { appendOnly: true })
  const month = ({ counters }: Replica): readonly Claim[] => [claim(counters, 'hr-bot', 'tokensPerMonth', 10_000)]
  const start = (member: string, amount: number): Promise<Replica> =>
    startReplica(t, redis, { member }, counters => {
      const { counter } = claim(counters, 'hr-bot', 'tokensPerMonth', 10_000)
      counters.restore([{ counter, amount, atMs: Date.now() }])
    })
  const one = await start('ledger-1', 4_000)
  const two = await start('ledger-2', 500)
  assert.equal((await standing(one, month(one)))[0]?.used, 4_500)
  settle(one, await taken(one, 10, month(one)), 10)
  await one.counters.close()
  const again = await start('ledger-1', 4_010)
  assert.equal((await standing(again, month(again)))[0]?.used, 4_510, 'a restart tells nothing twice')
  await one.crash()
  await eventually('two living', async () => {
    await again.counters.beat()
    return tell(redis.port, 'ZCARD', '{gatehouse}:limits:holders') === '2' ? true : null
  })
  tell(redis.port, 'FLUSHALL')
  for (const replica of [again, two]) {
    await eventually('told again', async () =>
      (await standing(replica, month(replica)))[0]?.used === 4_510 ? true : null,
    )
  }
})

// One counter that somebody else has spoiled must not keep all others from being settled, nor fill the memory.
test('a settlement that fails for good is logged and given up, and those behind it are counted', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis)
  const spoiled = [claim(one.counters, 'spoiled', 'tokensPerMinute', 100)]
  const calls = [await taken(one, 20), await taken(one, 10, spoiled), await taken(one, 20)]
  tell(redis.port, 'SET', '{gatehouse}:c:spoiled:tokensPerMinute', 'by somebody else')
  for (const call of calls) settle(one, call, 5)
  await shows(one, 10, 0)
  assert.equal((await take(one, 10, spoiled)).taken?.state, 'local', 'nobody can be asked about it')
  assert.deepEqual(one.said, ['limits_not_told', 'limits_not_asked'])
})

// With a counter for each caller, idle ones are dropped all the time; one of them may be asked about just then.
test('a counter that is dropped while Redis is asked is counted all the same', async t => {
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
  const asked = take(one, 40, claims)
  for (let others = 0; !(claims[0]?.counter.isDropped ?? true); others += 1) ofCaller(`caller ${others}`)
  const outcome = await asked
  settle(one, outcome.taken ?? assert.fail(), 30)
  await one.counters.told()
  await redis.kill()
  await redis.start()
  await isOk(one)
  assert.deepEqual((await standing(one, [ofCaller('alice')]))[0]?.used, 30)
})
