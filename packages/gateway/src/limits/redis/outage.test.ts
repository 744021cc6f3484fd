/** Calls while Redis is down, and what is reported to it when it is back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tell } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { claim } from '../counting/claim.fixture.ts'
import { type Replica, startRedis, startReplica } from './redis.fixture.ts'
import { isOk, perMinute, read, refused, reserve, reserved, settle, shows } from './replicas.fixture.ts'

// Operators choose what happens in an outage. Anything else would be a limit that silently does not apply, or an outage
// of all calls.
for (const whenDown of ['refuse', 'local', 'allow'] as const) {
  test(`P7 while Redis is down, whenStoreIsDown: ${whenDown} applies, and the log says so`, async t => {
    const redis = await startRedis(t)
    const one = await startReplica(t, redis, { whenDown })
    await reserved(one, 900)
    assert.equal(one.counters.downSinceMs, null)
    const beforeMs = Date.now()
    await redis.kill()
    const within = await reserve(one, 100)
    const beyond = await reserve(one, 100)
    if (whenDown === 'refuse') assert.deepEqual([within.shortage?.kind, beyond.shortage?.kind], ['store', 'store'])
    else assert.equal(within.reservation?.state, whenDown)
    if (whenDown === 'local') assert.ok(beyond.shortage?.kind === 'room' && beyond.shortage.worst.rule === 'hr-bot')
    if (whenDown === 'allow') assert.equal(beyond.reservation?.state, 'allow')
    assert.equal(one.counters.state, whenDown)
    assert.ok((one.counters.downSinceMs ?? 0) >= beforeMs)
    await redis.start()
    await isOk(one)
    assert.deepEqual(
      one.logged.filter(event => event.startsWith('limits_')),
      ['limits_store_down', 'limits_store_back'],
    )
  })
}

// A rule on trial must not cause an outage.
test('a call that meets only rules in mode shadow passes, even with refuse', async t => {
  const redis = await startRedis(t, { started: false })
  const one = await startReplica(t, redis, { whenDown: 'refuse' })
  const { reservation } = await reserve(one, 10, [claim(one.counters, 'trial', 'tokensPerMinute', 1, false)])
  assert.equal(reservation?.state, 'allow')
  assert.equal((await reserve(one, 10)).shortage?.kind, 'store')
})

// A gateway that starts while Redis is down must serve calls as the operator chose.
test('a gateway starts without Redis, serves calls by whenStoreIsDown, and counts them when Redis is there', async t => {
  const redis = await startRedis(t, { started: false })
  const one = await startReplica(t, redis)
  assert.equal(one.counters.state, 'local')
  const first = await reserved(one, 300)
  await reserved(one, 400)
  settle(one, first, 250)
  await redis.start()
  await isOk(one)
  await shows(one, 250, 400)
})

// Otherwise every crash of Redis would give all callers a new minute and a new month.
for (const appendOnly of [false, true]) {
  const how = appendOnly ? 'with its data' : 'empty'
  test(`P7 when Redis comes back ${how}, all use from before and during the outage is counted once`, async t => {
    const redis = await startRedis(t, { appendOnly })
    const [one, two] = [await startReplica(t, redis), await startReplica(t, redis)]
    const long = await reserved(one, 100)
    const other = await reserved(two, 50)
    settle(two, await reserved(two, 70), 60)
    const claims = perMinute(one)
    await shows(one, 60, 150)
    await redis.kill()
    // Replica one ends an earlier call, serves a whole one, and starts one that goes on. Replica two does nothing.
    settle(one, long, 80)
    settle(one, await reserved(one, 30), 20)
    const staying = await reserved(one, 40)
    await redis.start()
    await isOk(one, two)
    await shows(one, 60 + 80 + 20, 50 + 40)
    settle(one, staying, 5)
    settle(two, other, 5)
    await shows(two, 60 + 80 + 20 + 5 + 5, 0)
    assert.equal((await read(one, claims))[1]?.reserved, 0, 'nothing stays reserved')
    assert.equal(tell(redis.port, 'KEYS', '*:leases:*'), '')
  })
}

// Replicas that rely on a half-empty Redis would admit again what others have used already.
test('P7 a Redis that came back empty is not relied on before all members have reported', async t => {
  const redis = await startRedis(t)
  const [one, two] = [await startReplica(t, redis), await startReplica(t, redis)]
  settle(two, await reserved(two, 900), 900)
  await one.counters.beat()
  await redis.kill()
  await redis.start()
  await isOk(one)
  assert.equal((await refused(one, 200)).state, 'ok')
  assert.equal((await read(one))[0]?.used, 900)
})

/** Number of scripts that the server has run. */
function scriptsRun(port: number): number {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(tell(port, 'INFO', 'commandstats'))?.[1] ?? 0)
}

// A replica that never comes back must not block the others for ever.
test('a replica that died together with Redis is awaited for 3 seconds of the server’s time, and no longer', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const serverClock = (): number => now
  const [one, two] = [await startReplica(t, redis, { serverClock }), await startReplica(t, redis, { serverClock })]
  await one.counters.beat()
  await two.crash()
  await redis.kill()
  await redis.start()
  await eventually('it waits for the other replica', () =>
    tell(redis.port, 'SCARD', '{gatehouse}:limits:awaited') === '1' ? true : null,
  )
  now += 2_999
  const before = scriptsRun(redis.port)
  await eventually('it has asked several times', () => (scriptsRun(redis.port) > before + 5 ? true : null))
  assert.equal(one.counters.state, 'local', 'it still waits')
  now += 1
  await isOk(one)
})

// An open connection says nothing about the data: a failover or FLUSHALL removes them unnoticed.
test('P7 a loss of Redis’s data over an open connection is noticed by the next call, and everything is reported again', async t => {
  for (const whenDown of ['refuse', 'local'] as const) {
    const redis = await startRedis(t)
    const one = await startReplica(t, redis, { whenDown })
    settle(one, await reserved(one, 900), 900)
    await shows(one, 900, 0)
    assert.equal(tell(redis.port, 'FLUSHALL'), 'OK')
    assert.equal((await reserve(one, 200)).reservation, null, 'the limit still applies')
    await isOk(one)
    await shows(one, 900, 0)
    assert.equal((await refused(one, 200)).state, 'ok')
  }
})

// Without it, a connection that breaks during the report doubles the use of a month.
test('P7 a report to an empty Redis that is interrupted goes on where it stopped, and is counted once', async t => {
  const redis = await startRedis(t)
  const toLose = new Set<string>()
  const losesReply = (script: string): boolean => toLose.delete(script)
  const one = await startReplica(t, redis, { losesReply })
  settle(one, await reserved(one, 900), 300)
  const running = await reserved(one, 50)
  await shows(one, 300, 50)
  for (const script of ['book', 'adopt', 'reported', 'beat']) toLose.add(script)
  tell(redis.port, 'FLUSHALL')
  await eventually('all four replies were lost', async () => {
    await one.counters.beat()
    return toLose.size === 0 ? true : null
  })
  await isOk(one)
  await shows(one, 300, 50)
  settle(one, running, 40)
  await shows(one, 340, 0)
})

// A server that hangs delays calls for one time limit. A lost reply must not cost capacity for ever.
test('P7 a reservation whose reply did not come in time is refunded, and later calls do not wait for Redis', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis, { whenDown: 'refuse', timeoutMs: 100 })
  await reserved(one, 10)
  redis.freeze()
  const results = await Promise.all([reserve(one, 100), reserve(one, 100)])
  assert.deepEqual(
    results.map(({ shortage }) => shortage?.kind),
    ['store', 'store'],
  )
  for (let calls = 0; calls < 100; calls += 1) {
    const result = one.counters.reserve(perMinute(one), { tokens: 100, costNano: 0 })
    assert.ok(!(result instanceof Promise), 'decided at once, without Redis')
  }
  redis.thaw()
  await isOk(one)
  await shows(one, 0, 10)
})

test('P7 what is settled while the server hangs is counted once', async t => {
  const redis = await startRedis(t)
  const one = await startReplica(t, redis, { timeoutMs: 100 })
  const calls = [await reserved(one, 100), await reserved(one, 100)]
  redis.freeze()
  for (const call of calls) settle(one, call, 30)
  await eventually('the outage is noticed', () => (one.counters.state === 'local' ? true : null))
  redis.thaw()
  await isOk(one)
  await shows(one, 60, 0)
})

// A monthly budget must not start again because a process, or Redis, started again.
test('P7 the ledger’s amounts are reported to an empty Redis, and not again to one that knows them', async t => {
  const redis = await startRedis(t, { appendOnly: true })
  const month = ({ counters }: Replica) => [claim(counters, 'hr-bot', 'tokensPerMonth', 10_000)]
  const start = (member: string, amount: number): Promise<Replica> =>
    startReplica(t, redis, { member }, counters => {
      const { counter } = claim(counters, 'hr-bot', 'tokensPerMonth', 10_000)
      counters.restore([{ counter, amount, atMs: Date.now() }])
    })
  const one = await start('ledger-1', 4_000)
  const two = await start('ledger-2', 500)
  assert.equal((await read(one, month(one)))[0]?.used, 4_500)
  settle(one, await reserved(one, 10, month(one)), 10)
  await one.counters.close()
  const again = await start('ledger-1', 4_010)
  assert.equal((await read(again, month(again)))[0]?.used, 4_510, 'a restart reports nothing twice')
  await one.crash()
  await eventually('two living holders', async () => {
    await again.counters.beat()
    return tell(redis.port, 'ZCARD', '{gatehouse}:limits:holders') === '2' ? true : null
  })
  tell(redis.port, 'FLUSHALL')
  for (const replica of [again, two]) {
    await eventually('everything is reported again', async () =>
      (await read(replica, month(replica)))[0]?.used === 4_510 ? true : null,
    )
  }
})
