import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startRedis, tell } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { feedState, laneState } from '../admin/running.fixture.ts'
import { redisAt } from '../objects/redis.fixture.ts'
import type { RedisStore } from '../redis/index.ts'
import type { ReplicaFigures, Replicas, ReplicasReport } from './index.ts'
import { openReplicas, type PresenceParts } from './presence.ts'
import { aliveFigures, sumOfFeeds, sumOfInstances } from './sum.ts'

const probe = { atMs: 10, ok: true, status: 200, durationMs: 4, error: null }

function figuresOf(callsInFlight: number, changes: Partial<ReplicaFigures> = {}): ReplicaFigures {
  return {
    ...{ version: '1.2.3', startedAtMs: 1_000, callsInFlight, feeds: [] },
    instances: [
      {
        ...{
          name: 'east',
          healthy: true,
          drained: null,
          credentialRefused: false,
          credentialRefusals: 1,
          lastProbe: null,
        },
        ...{ inFlight: callsInFlight, lanes: [laneState({ inFlight: callsInFlight, calls: 100, latencyMs: 200 })] },
      },
    ],
    limits: { store: 'redis', state: 'ok', waiting: 1, rules: [] },
    ...changes,
  }
}

interface Opened {
  readonly replicas: Replicas
  readonly redis: ReturnType<typeof redisAt>
}

async function replica(t: TestContext, url: string, name: string, parts: Partial<PresenceParts> = {}): Promise<Opened> {
  const redis = redisAt(t, url)
  await redis.start()
  const replicas = await openReplicas({
    ...{ redis, id: `id-${name}`, name, everyMs: 5, figures: async () => figuresOf(2) },
    ...parts,
  })
  t.after(() => replicas.close())
  return { replicas, redis }
}

const brief = ({ replicas }: ReplicasReport): string[] =>
  replicas.map(({ name, status, isSelf }) => `${name} ${status}${isSelf ? ' self' : ''}`)

const see = (of: Replicas, expected: readonly string[]): Promise<true> =>
  eventually(`it sees ${expected.join(', ')}`, async () => {
    const seen = brief(await of.report())
    return seen.join() === expected.join() ? true : null
  })

test('each replica shows what all of them publish, and one that ends properly leaves at once', async t => {
  const { url } = await startRedis(t)
  const one = await replica(t, url, 'one')
  const two = await replica(t, url, 'two', { figures: async () => figuresOf(5) })
  await see(one.replicas, ['one alive self', 'two alive'])
  await see(two.replicas, ['one alive', 'two alive self'])
  const report = await one.replicas.report()
  assert.equal(report.sharing, 'ok')
  assert.deepEqual(
    aliveFigures(report).map(({ callsInFlight }) => callsInFlight),
    [2, 5],
  )
  await two.replicas.close()
  await see(one.replicas, ['one alive self'])
})

// An operator who sees fewer calls than there are must learn which replica is missing in the sum.
test('a replica that stops publishing is silent and in no sum, and is forgotten later', async t => {
  const { url, port } = await startRedis(t)
  const one = await replica(t, url, 'one', { silentMs: 60_000 })
  await replica(t, url, 'two', { everyMs: 3_600_000, forgetMs: 3_600_000 })
  await see(one.replicas, ['one alive self', 'two alive'])
  const impatient = await replica(t, url, 'zoe', { silentMs: 0, everyMs: 3_600_000 })
  const report = await impatient.replicas.report()
  assert.deepEqual(brief(report), ['one silent', 'two silent', 'zoe alive self'])
  assert.equal(aliveFigures(report).length, 1)
  assert.deepEqual(report.replicas[1]?.figures?.callsInFlight, 2, 'what it said last is still shown')
  // Redis forgets it by its own clock.
  tell(port, 'PEXPIRE', '{gatehouse}:replica:id-two', '1')
  await see(one.replicas, ['one alive self', 'zoe alive'])
})

test('while Redis is away, a replica shows its own figures and says so, and the others come back with Redis', async t => {
  const server = await startRedis(t)
  const one = await replica(t, server.url, 'one')
  await replica(t, server.url, 'two')
  await see(one.replicas, ['one alive self', 'two alive'])
  await server.kill()
  await eventually('Redis is seen to be away', () => (one.redis.isUp ? null : true))
  const away = await one.replicas.report()
  assert.deepEqual([away.sharing, brief(away)], ['away', ['one alive self']])
  await server.start()
  await see(one.replicas, ['one alive self', 'two alive'])
})

test('a replica of another version is listed by its name, without figures', async t => {
  const { url } = await startRedis(t)
  const one = await replica(t, url, 'one')
  const add: Parameters<RedisStore['run']>[0] = {
    name: 'test_add',
    lua: "redis.call('SET', KEYS[1], ARGV[1]) redis.call('ZADD', KEYS[2], redis.call('TIME')[1] * 1000, ARGV[2]) return 1",
  }
  for (const [id, text] of [
    ['id-new', '{"form":2,"name":"new","figures":{"unknown":true}}'],
    ['id-odd', 'no JSON'],
  ] as const) {
    await one.redis.run(add, [one.redis.key(`replica:${id}`), one.redis.key('replicas')], [text, id])
  }
  await see(one.replicas, ['id-odd alive', 'new alive', 'one alive self'])
  const { replicas } = await one.replicas.report()
  assert.deepEqual(
    replicas.map(({ figures }) => figures?.version ?? null),
    [null, null, '1.2.3'],
  )
})

test('without Redis a replica is alone', async () => {
  const replicas = await openReplicas({ redis: null, id: 'a', name: 'one', figures: async () => figuresOf(2) })
  const report = await replicas.report()
  assert.deepEqual([report.sharing, brief(report)], ['alone', ['one alive self']])
  await replicas.close()
})

test('sums add calls, weigh latencies by calls, and show the worst state', () => {
  const worse = figuresOf(5, {
    instances: [
      {
        ...{
          name: 'east',
          healthy: false,
          drained: null,
          credentialRefused: true,
          credentialRefusals: 2,
          lastProbe: probe,
        },
        inFlight: 5,
        lanes: [
          laneState({
            breaker: 'open',
            breakerReason: 'throttled',
            retryAtMs: 9,
            inFlight: 5,
            calls: 300,
            latencyMs: 400,
          }),
          laneState({ deployment: 'small', calls: 1, failures: 1 }),
        ],
      },
    ],
  })
  const [east, ...others] = sumOfInstances([figuresOf(2), worse])
  assert.equal(others.length, 0)
  assert.deepEqual(
    [east?.healthy, east?.credentialRefused, east?.credentialRefusals, east?.inFlight, east?.lastProbe],
    [false, true, 3, 7, probe],
  )
  const [lane, small] = east?.lanes ?? []
  assert.deepEqual(
    [lane?.breaker, lane?.breakerReason, lane?.retryAtMs, lane?.calls, lane?.inFlight, lane?.latencyMs],
    ['open', 'throttled', 9, 400, 7, 350],
  )
  assert.deepEqual([small?.deployment, small?.calls], ['small', 1])

  const fine = {
    ...feedState,
    status: 'running',
    lagRecords: 5,
    lagSeconds: 1,
    lastError: null,
    lastErrorAtMs: null,
  } as const
  const [feed] = sumOfFeeds([figuresOf(1, { feeds: [fine] }), figuresOf(1, { feeds: [feedState] })])
  assert.deepEqual(
    [feed?.status, feed?.lagRecords, feed?.lagSeconds, feed?.sent, feed?.lastError],
    ['failing', 1_205, 75, 196_000, feedState.lastError],
  )
})
