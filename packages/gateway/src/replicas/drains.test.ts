import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { startRedis, tell } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { keptLog } from '../ledger/exchange.fixture.ts'
import { redisAt } from '../objects/redis.fixture.ts'
import { type Drains, type DrainsParts, openDrains } from './drains.ts'

const atMs = Date.UTC(2026, 10, 23, 12)

async function open(t: TestContext, parts: Partial<DrainsParts> = {}): Promise<Drains> {
  const drains = await openDrains({
    ...{ redis: null, directory: temporaryDirectory('drains'), clock: () => atMs, log: keptLog(), everyMs: 5 },
    ...parts,
  })
  t.after(() => drains.close())
  return drains
}

const isDrained = (drains: Drains, instance: string): boolean => drains.gateOf(instance).drained !== null
const see = (drains: Drains, instance: string, drained: boolean): Promise<true> =>
  eventually(`${instance} is ${drained ? 'drained' : 'restored'}`, () =>
    isDrained(drains, instance) === drained ? true : null,
  )

// A gateway that is restarted during the work on an instance must not send calls into it.
test('an order outlives a restart, and so does its end', async t => {
  const directory = temporaryDirectory('drains')
  const first = await open(t, { directory })
  assert.deepEqual(await first.drain('east', 'alice'), { drained: { sinceMs: atMs, by: 'alice' }, sharing: 'alone' })
  const later = await open(t, { directory, clock: () => atMs + 1_000 })
  assert.deepEqual(later.gateOf('east').drained, { sinceMs: atMs, by: 'alice' })
  assert.equal(isDrained(later, 'west'), false)
  // Who gave the order first is whom to ask.
  assert.deepEqual((await later.drain('east', 'bob')).drained, { sinceMs: atMs, by: 'alice' })
  await later.restore('east', 'bob')
  assert.equal(isDrained(await open(t, { directory }), 'east'), false)
})

test('an order that cannot be kept is not followed', async t => {
  const directory = join(temporaryDirectory('drains'), 'ledger')
  writeFileSync(directory, 'no directory')
  const drains = await open(t, { directory })
  await assert.rejects(drains.drain('east', 'alice'), { code: 'EEXIST' })
  assert.equal(isDrained(drains, 'east'), false)
})

test('a file that cannot be read stops no gateway, and the log names it', async t => {
  for (const content of ['', '{"orders":{"east":{"atMs":"now"}}}', '[]']) {
    const directory = temporaryDirectory('drains')
    writeFileSync(join(directory, 'drains.json'), content)
    const log = keptLog()
    const drains = await open(t, { directory, log })
    assert.equal(isDrained(drains, 'east'), false)
    assert.deepEqual(
      log.lines.map(({ level, message }) => [level, message]),
      [['error', 'drains_unreadable']],
    )
  }
})

// Calls that one of three replicas still sends are the ones that fail.
test('all replicas follow an order, the newest one counts, and one that starts later follows too', async t => {
  const { url } = await startRedis(t)
  const shared = async (clock: () => number): Promise<Drains> => {
    const redis = redisAt(t, url)
    await redis.start()
    return open(t, { redis, clock })
  }
  const one = await shared(() => atMs)
  // Its clock is an hour behind.
  const two = await shared(() => atMs - 3_600_000)
  assert.equal((await one.drain('east', 'alice')).sharing, 'ok')
  await see(two, 'east', true)
  await two.restore('east', 'bob')
  await see(one, 'east', false)
  await Promise.all([one.drain('east', 'alice'), two.drain('west', 'bob')])
  const three = await shared(() => atMs)
  for (const each of [one, two, three]) {
    await see(each, 'east', true)
    await see(each, 'west', true)
  }
  assert.equal(three.gateOf('west').drained?.by, 'bob')
})

// With a right that is missing, an order would reach nobody, and look as if Redis were away.
test('the rights in docs/limits.md are enough to share orders', async t => {
  const { port } = await startRedis(t)
  const page = await readFile(new URL('../../../../docs/limits.md', import.meta.url), 'utf8')
  const [line = ''] = /^ACL SETUSER .*$/m.exec(page) ?? []
  assert.equal(tell(port, ...line.split(' ')), 'OK')
  const redis = redisAt(t, `redis://gatehouse:PASSWORD@127.0.0.1:${port}`)
  await redis.start()
  const drains = await open(t, { redis })
  assert.equal((await drains.drain('east', 'alice')).sharing, 'ok')
  assert.equal(tell(port, 'ACL', 'LOG'), '', 'no command was refused')
})

test('an order given while Redis is away, or that Redis has lost, reaches the others when it is back', async t => {
  const server = await startRedis(t)
  const [redis, other] = [redisAt(t, server.url), redisAt(t, server.url)]
  await Promise.all([redis.start(), other.start()])
  const [one, two] = [await open(t, { redis }), await open(t, { redis: other })]
  await one.drain('west', 'alice')
  await see(two, 'west', true)
  await server.kill()
  await eventually('Redis is seen to be away', () => (redis.isUp ? null : true))
  assert.equal((await one.drain('east', 'alice')).sharing, 'away')
  assert.equal(isDrained(one, 'east'), true)
  assert.equal(isDrained(two, 'east'), false)
  await server.start()
  await see(two, 'east', true)
  assert.deepEqual([isDrained(one, 'west'), isDrained(two, 'west')], [true, true])
})
