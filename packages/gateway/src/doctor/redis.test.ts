import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { closedPort } from '../../../../test/support/ports.ts'
import { startRedis, type TestRedisOptions, tell } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import type { ConfigInput } from '../config/schema/index.ts'
import type { RedisFacts } from '../redis/examine.ts'
import { type Change, faultsIn, startSurroundings } from './doctor.fixture.ts'
import { redisFindings } from './redis.ts'

async function started(t: TestContext, options: TestRedisOptions = {}) {
  const [surroundings, redis] = await Promise.all([startSurroundings(t), startRedis(t, options)])
  const faults = async (changes: Partial<NonNullable<ConfigInput['redis']>> = {}): Promise<readonly string[]> =>
    faultsIn(await surroundings.examine('redis', config => ({ ...config, redis: { url: redis.url, ...changes } })))
  return { ...surroundings, redis, faults }
}

test('a healthy Redis has no findings, and eviction is a warning', async t => {
  const { redis, faults } = await started(t)
  assert.deepEqual(await faults(), [])
  tell(redis.port, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  assert.match((await faults()).join(), /^warning It evicts keys when its memory is full \(allkeys-lru\)/)
})

test('a wrong password is a failure that does not show it', async t => {
  const { faults } = await started(t, { password: 'the-password' })
  assert.deepEqual(await faults({ password: 'the-password' }), [])
  const password = 'another-password-0815'
  const [fault = ''] = await faults({ password })
  assert.match(fault, /^failure It refuses the sign-in \(WRONGPASS\)/)
  assert.ok(!fault.includes(password))
  assert.match((await faults()).join(), /NOAUTH/)
})

// Its advice would be to look at the log of a server that was never asked.
test('a token that names no user is a failure of the identity, and not of the server', async t => {
  const identity = createServer((_request, response) => {
    const access_token = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.c2lnbmF0dXJl`
    response.end(JSON.stringify({ access_token, expires_on: 4_102_444_800 }))
  })
  identity.listen(0, '127.0.0.1')
  await once(identity, 'listening')
  t.after(() => identity.close())
  const { port } = identity.address() as AddressInfo
  const { examine, redis } = await started(t)
  const appService = { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`, IDENTITY_HEADER: 'header' }
  const change: Change = config => ({ ...config, redis: { url: redis.url, credential: 'managed-identity' } })
  const faults = faultsIn(await examine('redis', change, { appService }))
  assert.match(faults.join(), /^failure It was not asked: .* names no object id \(oid\)/)
})

test('a user without the right to run scripts is a failure', async t => {
  const { redis, faults } = await started(t)
  tell(redis.port, 'ACL', 'SETUSER', 'reader', 'on', '>a-password', '~*', '+ping', '+info')
  assert.match((await faults({ username: 'reader', password: 'a-password' })).join(), /^failure .* \(NOPERM\)/)
})

test('a user without the right to look is a note', async t => {
  const { redis, faults } = await started(t)
  tell(redis.port, 'ACL', 'SETUSER', 'writer', 'on', '>a-password', '~*', '+@all', '-info')
  assert.match((await faults({ username: 'writer', password: 'a-password' })).join(), /^note .*INFO is not allowed/)
})

test('cluster mode that differs from the configuration is a failure in both directions', async t => {
  const cluster = await started(t, { cluster: true })
  const whole = (): true | null => (tell(cluster.redis.port, 'CLUSTER', 'INFO').includes('state:ok') ? true : null)
  await eventually('the cluster is whole', whole)
  assert.match((await cluster.faults()).join(), /^failure It is a node of a cluster/)
  assert.deepEqual(await cluster.faults({ cluster: true }), [])
  const single = await started(t)
  assert.match((await single.faults({ cluster: true })).join(), /^failure It is no node of a cluster/)
})

test('a copy, which takes no writes, is a failure', async t => {
  const { redis, faults } = await started(t)
  const primary = await startRedis(t)
  tell(redis.port, 'REPLICAOF', '127.0.0.1', String(primary.port))
  await eventually('it copies', () =>
    tell(redis.port, 'INFO', 'replication').includes('link_status:up') ? true : null,
  )
  assert.match((await faults()).join(), /^failure It is a copy/)
})

test('a Redis that is not there is a failure, and one without TLS on the network a warning', async t => {
  const { faults } = await started(t)
  const url = `redis://127.0.0.1:${await closedPort()}`
  assert.match((await faults({ url })).join(), /^failure 127\.0\.0\.1:\d+: nothing listens there/)
  assert.match((await faults({ url: 'redis://gone.invalid:6379' })).join(), /^warning The connection has no TLS/)
})

test('an old version, a slow answer, and nothing on disk where nothing else remembers are found', () => {
  const facts: RedisFacts = {
    ...{ version: '7.4.1', policy: 'noeviction', isCluster: false, isCopy: false, isKept: false },
    roundTripMs: 1,
  }
  const settings = { redis: undefined, ledger: { store: 'duckdb' } }
  const faults = (changes: Partial<RedisFacts>, store = 'duckdb'): readonly string[] => {
    const subject = { config: { ...settings, ledger: { store } }, slow: { fsyncMs: 1, redisMs: 25 } } as never
    return faultsIn(redisFindings({ ...facts, ...changes }, subject).map(found => ({ check: 'redis', ...found })))
  }
  assert.deepEqual(faults({}), [])
  assert.match(faults({ version: '6.2.14' }).join(), /^failure Its version is 6\.2\.14/)
  assert.match(faults({ roundTripMs: 40 }).join(), /^warning A round trip takes 40\.0 ms/)
  assert.match(faults({}, 'none').join(), /^warning It keeps nothing on disk/)
})
