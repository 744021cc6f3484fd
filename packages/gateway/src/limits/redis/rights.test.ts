import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tell } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { claim } from '../counting/claim.fixture.ts'
import { startRedis, startReplica } from './redis.fixture.ts'

// An operator who grants these rights must not learn in an outage that one is missing.
test('the rights in docs/limits.md are enough for everything that limits do in Redis', async t => {
  const redis = await startRedis(t)
  const documentation = await readFile(new URL('../../../../../docs/limits.md', import.meta.url), 'utf8')
  const [line = ''] = /^ACL SETUSER .*$/m.exec(documentation) ?? []
  assert.equal(tell(redis.port, ...line.split(' ')), 'OK')
  const url = `redis://gatehouse:PASSWORD@127.0.0.1:${redis.port}`
  const restricted = { ...redis, url }
  const leaseExpiryMs = 300
  const one = await startReplica(t, restricted, { leaseExpiryMs })
  const two = await startReplica(t, restricted, { leaseExpiryMs })
  assert.equal(one.counters.state, 'ok', one.logged.join())
  const claims = [
    claim(one.counters, 'a', 'tokensPerMinute', 100),
    claim(one.counters, 'a', 'requestsPerSecond', 100),
    claim(one.counters, 'a', 'tokensPerDay', 100),
    claim(one.counters, 'a', 'callsInFlight', 2),
  ]
  const call = async (): Promise<void> => {
    const { reservation } = await one.counters.reserve(claims, { tokens: 30, costNano: 0 })
    if (reservation !== null) one.counters.settle(reservation, { tokens: 10, costNano: 0, calls: 1 })
    assert.ok(reservation !== null)
  }
  await call()
  await eventually('a step has passed', async () => {
    await call()
    const [, perSecond] = await one.counters.read(claims.map(({ counter }) => counter))
    return (perSecond?.used ?? 0) > 2 ? true : null
  })
  // A crash, its leases, and lost data.
  await two.counters.reserve(
    claims.map(({ counter, limit }) => claim(two.counters, counter.base, counter.measure, limit)),
    { tokens: 30, costNano: 0 },
  )
  await two.crash()
  await eventually('its reservations are refunded', async () => {
    const [perMinute] = await one.counters.read(claims.map(({ counter }) => counter))
    return perMinute?.reserved === 0 ? true : null
  })
  tell(redis.port, 'FLUSHALL')
  await eventually('everything is reported again', async () => {
    await one.counters.beat()
    return one.counters.state === 'ok' && tell(redis.port, 'EXISTS', '{gatehouse}:c:a:tokensPerDay') === '1'
      ? true
      : null
  })
  await one.counters.close()
  assert.equal(tell(redis.port, 'ACL', 'LOG'), '', 'no command was refused')
})

// Sessions, drains and replicas use Redis too, and a right that one of them lacks shows only where it is used.
test('the rights in docs/limits.md are exactly the commands that scripts of the gateway call', () => {
  const sources = join(import.meta.dirname, '..', '..')
  const files = globSync('**/*.{ts,lua}', { cwd: sources, exclude: ['**/*.{test,fixture}.ts'] })
  const texts = files.map(file => readFileSync(join(sources, file), 'utf8'))
  const called = texts.flatMap(text =>
    [...text.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, name = '']) => name.toLowerCase()),
  )
  const documentation = readFileSync(join(sources, '..', '..', '..', 'docs', 'limits.md'), 'utf8')
  const [line = ''] = /^ACL SETUSER .*$/m.exec(documentation) ?? []
  const granted = [...line.matchAll(/ \+(\w+)/g)].map(([, name = '']) => name)
  assert.ok(called.length > 50)
  assert.deepEqual(granted.toSorted(), [...new Set([...called, 'eval', 'evalsha'])].sort())
})
