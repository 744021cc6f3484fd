import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { startRedis, type TestRedis, tell } from '../../../../test/support/redis.ts'
import { eventually, soon } from '../../../../test/support/wait.ts'
import type { Scope } from '../../../../test/support/world.ts'
import { configSchema } from '../config/schema/index.ts'
import { logTo } from '../log.fixture.ts'
import { silentLog } from '../log.ts'
import type { RedisConfig } from './address.ts'
import { RedisDown, RedisScriptFailed, type RedisStore } from './index.ts'
import { openRedis } from './open.ts'

const increment = { name: 'increment', lua: `return redis.call('INCRBY', KEYS[1], ARGV[1])` }
const password = 'must-never-appear'

interface OpenedStore {
  readonly store: RedisStore
  /** Every line of the log, as text. */
  readonly logged: string[]
}

function open(t: Scope, redis: TestRedis, more: Partial<RedisConfig> = {}): OpenedStore {
  const logged: string[] = []
  const log = logTo(({ event, fields }) => void logged.push(`${event} ${JSON.stringify(fields)}`))
  const config = { url: redis.url, cluster: false, keyPrefix: 'gatehouse', timeout: 10_000, ...more }
  const store = openRedis(config, { clock: Date.now, log })
  t.after(() => store.close())
  return { store, logged }
}

const up = (store: RedisStore): Promise<true> => eventually('Redis is up', () => (store.isUp ? true : null))
const down = (store: RedisStore): Promise<true> => eventually('Redis is down', () => (store.isUp ? null : true))

// Replicas with different keys share no limits. In a cluster, all keys of a script must be on one node.
test('a script runs on keys with one hash tag, and runs again after the server has lost it', async t => {
  const redis = await startRedis(t)
  const { store } = open(t, redis, { keyPrefix: 'team-a' })
  await store.start()
  assert.equal(store.isUp, true)
  assert.equal(store.downSinceMs, null)
  const key = store.key('counter')
  assert.equal(key, '{team-a}:counter')
  assert.equal(await store.run(increment, [key], [2]), 2)
  assert.equal(tell(redis.port, 'SCRIPT', 'FLUSH'), 'OK')
  assert.equal(await store.run(increment, [key], [3]), 5)
})

// One wrong script must not turn off the limits of all callers.
test('a script that fails rejects its own call only, and the store stays up', async t => {
  const { store } = open(t, await startRedis(t))
  await store.start()
  await assert.rejects(store.run({ name: 'wrong', lua: 'return nothing.here' }, [], []), RedisScriptFailed)
  await store.run({ name: 'list', lua: `return redis.call('RPUSH', KEYS[1], 1)` }, [store.key('a')], [])
  await assert.rejects(store.run(increment, [store.key('a')], [1]), RedisScriptFailed)
  assert.equal(store.isUp, true)
})

// Where a container has used up its share of the cores, its process stands still for tenths of a second.
test('an answer that came while the process stood still counts', async t => {
  const { store, logged } = open(t, await startRedis(t))
  await store.start()
  const key = store.key('counter')
  const asked = Array.from({ length: 20 }, () => store.run(increment, [key], [1]))
  // The commands leave at the end of a turn of the event loop.
  await turn()
  await turn()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  assert.deepEqual(
    await Promise.all(asked),
    Array.from({ length: 20 }, (_, at) => at + 1),
  )
  assert.equal(store.isUp, true)
  assert.deepEqual(logged, [])
})

// A gateway that starts before its Redis must recover without help, and log once why limits are not shared yet.
test('a Redis that is absent at start is awaited, and logged once', async t => {
  const redis = await startRedis(t, { started: false })
  const openedAtMs = Date.now()
  const { store, logged } = open(t, redis)
  await soon('start resolves', store.start())
  assert.equal(store.isUp, false)
  assert.ok(store.downSinceMs !== null && store.downSinceMs >= openedAtMs)
  await assert.rejects(store.run(increment, [store.key('a')], [1]), RedisDown)
  await redis.start()
  await up(store)
  assert.equal(await store.run(increment, [store.key('a')], [1]), 1)
  assert.deepEqual(
    logged.map(line => line.split(' ')[0]),
    ['redis_down', 'redis_back'],
  )
  assert.match(logged[0] ?? '', /ECONNREFUSED/)
})

// After an outage, handlers must report what Redis has missed before any call relies on it again.
test('after each outage, the server counts as up only when every handler has finished', async t => {
  const redis = await startRedis(t)
  const { store, logged } = open(t, redis)
  const upWithin: boolean[] = []
  let failing = true
  store.onReturn(async () => {
    upWithin.push(store.isUp)
    if (failing) throw new RedisDown('not yet')
    await store.run(increment, [store.key('returns')], [1])
  })
  await soon('start resolves although the handler fails', store.start())
  assert.equal(store.isUp, false)
  failing = false
  await up(store)
  await redis.kill()
  await down(store)
  await redis.start()
  await up(store)
  // It came back empty, so the handler was the first to write.
  assert.equal(await store.run(increment, [store.key('returns')], [0]), 1)
  assert.deepEqual(new Set(upWithin), new Set([false]))
  assert.equal(logged.filter(line => line.startsWith('redis_down')).length, 2)
  assert.equal(logged.filter(line => line.startsWith('redis_back')).length, 2)
})

// When the server hangs, only the calls that are running wait for the time limit; otherwise every call would.
test('a server that hangs costs one time limit, and counts as down until it answers', async t => {
  const redis = await startRedis(t)
  const { store } = open(t, redis, { timeout: 2_000 })
  await store.start()
  await store.run(increment, [store.key('a')], [1])
  redis.freeze()
  await assert.rejects(store.run(increment, [store.key('a')], [1]), /no answer within 2000 ms/)
  assert.equal(store.isUp, false)
  redis.thaw()
  await up(store)
  // The command that timed out did run in the end. The caller cannot know that.
  assert.equal(await store.run(increment, [store.key('a')], [1]), 3)
})

// The log must give the reason, but never the password.
test('a wrong password is logged once, clearly, without the password, and retried slowly', async t => {
  const redis = await startRedis(t, { password: 'correct' })
  const { store, logged } = open(t, redis, { password })
  await soon('start resolves', store.start())
  const failure = await store.run(increment, [store.key('a')], [1]).catch((error: unknown) => error)
  assert.ok(failure instanceof RedisDown)
  assert.equal(store.isUp, false)
  const refused = logged.filter(line => line.startsWith('redis_refused'))
  assert.equal(refused.length, 1)
  assert.match(refused[0] ?? '', /WRONGPASS/)
  assert.doesNotMatch(`${logged.join('\n')}${String(failure)}`, new RegExp(password))
})

test('a missing password is logged as clearly', async t => {
  const { store, logged } = open(t, await startRedis(t, { password: 'correct' }))
  await soon('start resolves', store.start())
  assert.equal(store.isUp, false)
  assert.match(logged.join('\n'), /redis_refused .*NOAUTH/)
})

test('user and password come from the URL, and settings override them', async t => {
  const redis = await startRedis(t, { password: 'c@rrect' })
  const url = `redis://:c%40rrect@127.0.0.1:${redis.port}/3`
  const first = open(t, redis, { url })
  await first.store.start()
  assert.equal(first.store.isUp, true)
  const second = open(t, redis, { url, username: 'default', password: 'wrong' })
  await second.store.start()
  assert.equal(second.store.isUp, false)
})

// A message about a URL must not show the password in it.
test('a URL that cannot be parsed is refused without being repeated', () => {
  for (const url of [
    `redis://:${password}#x@host:6379`,
    `redis://:${password}%zz@host`,
    `redis://:${password}@host/a`,
  ]) {
    assert.throws(
      () => openRedis({ url, cluster: false, keyPrefix: 'x', timeout: 250 }, { clock: Date.now, log: silentLog }),
      (error: Error) => error.name === 'RedisAddressInvalid' && !error.message.includes(password),
    )
  }
})

// A server that accepts connections and never answers must not block the start of the gateway.
test('a server that is not Redis and never answers does not block the start', async t => {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer(socket => void sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const { store } = open(t, { url: `redis://127.0.0.1:${port}` } as TestRedis, { timeout: 50 })
  await soon('start resolves', store.start())
  assert.equal(store.isUp, false)
})

// Managed Redis is often a cluster: scripts must be sent to the node that has their keys.
test('a cluster runs scripts, and its outage and return are noticed', async t => {
  const redis = await startRedis(t, { cluster: true })
  const { store } = open(t, redis, { cluster: true })
  void store.start()
  await up(store)
  assert.equal(await store.run(increment, [store.key('a')], [1]), 1)
  await redis.kill()
  await down(store)
  await redis.start()
  await up(store)
  const plain = open(t, redis)
  await plain.store.start()
  assert.equal(plain.store.isUp, true, 'a single node with all slots also serves a client without cluster mode')
})

test('the settings of the configuration are enough to open it', () => {
  const { redis } = configSchema.shape
  const config = redis.parse({ url: 'rediss://cache.example.net:6380' })
  assert.ok(config !== undefined)
  const store = openRedis(config, { clock: Date.now, log: silentLog })
  assert.equal(store.isUp, false)
  assert.equal(store.key('x'), '{gatehouse}:x')
})
