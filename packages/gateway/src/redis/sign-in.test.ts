import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { startRedis, type TestRedis, tell } from '../../../../test/support/redis.ts'
import { eventually, soon } from '../../../../test/support/wait.ts'
import { logTo } from '../log.fixture.ts'
import type { RedisStore } from './index.ts'
import { openRedis } from './open.ts'

const objectId = '0f0e0d0c-0b0a-4908-8706-050403020100'
const hourMs = 3_600_000

/** A machine with a managed identity, a Redis that knows its tokens, and a clock that the test moves. */
interface Machine {
  readonly redis: TestRedis
  nowMs: number
  /** False: the identity endpoint answers 500. */
  answers: boolean
  /** False: Redis does not learn of the tokens that are issued. */
  knowsTokens: boolean
  readonly issued: string[]
  readonly logged: string[]
  open(): RedisStore
}

async function startMachine(t: TestContext, cluster = false): Promise<Machine> {
  const redis = await startRedis(t, { cluster })
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const server = createServer((_request, response) => {
    const token = `${part({ alg: 'none' })}.${part({ oid: objectId, jti: machine.issued.length })}.c2lnbmF0dXJl`
    if (!machine.answers) return void response.writeHead(500).end()
    machine.issued.push(token)
    if (machine.knowsTokens) tell(redis.port, 'ACL', 'SETUSER', objectId, 'on', `>${token}`, '~*', '+@all')
    const expires_on = Math.floor((machine.nowMs + hourMs) / 1_000)
    response.end(JSON.stringify({ access_token: token, expires_on }))
  })
  const port = await new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  t.after(() => server.close())
  const logged: string[] = []
  const machine: Machine = {
    ...{ redis, nowMs: Date.now(), answers: true, knowsTokens: true, issued: [], logged },
    open() {
      const credential = 'managed-identity' as const
      const store = openRedis(
        { url: redis.url, credential, cluster, keyPrefix: 'gatehouse', timeout: 10_000 },
        {
          clock: () => machine.nowMs,
          log: logTo(({ event, fields }) => void logged.push(`${event} ${JSON.stringify(fields)}`)),
          appService: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`, IDENTITY_HEADER: 'header' },
          lookEveryMs: 20,
        },
      )
      t.after(() => store.close())
      return store
    },
  }
  return machine
}

const increment = { name: 'increment', lua: `return redis.call('INCRBY', KEYS[1], ARGV[1])` }

function run(store: RedisStore): Promise<unknown> {
  return store.run(increment, [store.key('a')], [1])
}

/** Ids of the connections that are signed in as the identity. */
function connections({ redis }: Machine): readonly string[] {
  const lines = tell(redis.port, 'CLIENT', 'LIST').split('\n')
  const own = lines.filter(line => line.includes(` user=${objectId} `))
  return own.map(line => /^id=(\d+)/.exec(line)?.[1] ?? '')
}

/** How often the server was asked to sign somebody in. */
function signIns({ redis }: Machine): number {
  return Number(/cmdstat_auth:calls=(\d+)/.exec(tell(redis.port, 'INFO', 'commandstats'))?.[1] ?? 0)
}

const isUp = (store: RedisStore) => eventually('Redis is up', () => (store.isUp ? true : null))

for (const cluster of [false, true]) {
  // Azure Managed Redis ends a connection whose token ends: every call with limits would notice, once an hour.
  test(`a newer token signs the open connection in before the old one ends${cluster ? ', in a cluster too' : ''}`, async t => {
    const machine = await startMachine(t, cluster)
    const store = machine.open()
    void store.start()
    await isUp(store)
    assert.equal(await run(store), 1)
    // A cluster may still gather at the start.
    machine.logged.length = 0
    const [first = ''] = connections(machine)
    const signInsBefore = signIns(machine)
    assert.match(first, /^\d+$/, 'the user is the object id of the identity')
    machine.nowMs += hourMs - 4 * 60_000
    await eventually('it signs in again', () =>
      machine.issued.length === 2 && signIns(machine) > signInsBefore ? true : null,
    )
    assert.ok(connections(machine).includes(first), 'the connection is the same')
    assert.deepEqual(machine.logged, [])
    const [old = '', fresh = ''] = machine.issued
    assert.notEqual(fresh, old)
    tell(machine.redis.port, 'ACL', 'SETUSER', objectId, `<${old}`)
    tell(machine.redis.port, 'CLIENT', 'KILL', 'USER', objectId)
    await eventually('it connects again', () => {
      const now = connections(machine)
      return now.length > 0 && !now.includes(first) && store.isUp ? true : null
    })
    assert.equal(await run(store), 2)
  })
}

// A pod often runs before its identity is ready: the gateway must start, and use Redis when it can.
test('without a token Redis counts as down with the reason, and is used as soon as there is one', async t => {
  const machine = await startMachine(t)
  machine.answers = false
  const store = machine.open()
  await soon('start resolves', store.start())
  assert.equal(store.isUp, false)
  assert.match(machine.logged.join('\n'), /redis_down .*no token of the managed identity: .*answered 500/)
  machine.answers = true
  await isUp(store)
  assert.equal(await run(store), 1)
})

// Logs are read by many people, and a token opens whatever the identity may open.
test('a token that Redis does not accept is logged once without the token, and tried again', async t => {
  const machine = await startMachine(t)
  machine.knowsTokens = false
  const store = machine.open()
  await soon('start resolves', store.start())
  await eventually('the refusal is logged', () => (machine.logged.some(line => /WRONGPASS/.test(line)) ? true : null))
  assert.equal(store.isUp, false)
  const [token = ''] = machine.issued
  assert.ok(token !== '' && !machine.logged.join('\n').includes(token))
  tell(machine.redis.port, 'ACL', 'SETUSER', objectId, 'on', `>${token}`, '~*', '+@all')
  await isUp(store)
  assert.equal(machine.logged.filter(line => line.startsWith('redis_refused')).length, 1)
})
