/** Objects of replicas that share a Redis, and what happens to them while Redis is down. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { House } from '../../../packages/gateway/src/house/index.ts'
import { type Answered, type Person, person } from '../../support/objects.ts'
import { recordOf } from '../../support/records.ts'
import { startRedis, type TestRedis } from '../../support/redis.ts'
import { eventually } from '../../support/wait.ts'
import { reopen, type Scope, startWorld, type World } from '../../support/world.ts'

interface Replicas {
  readonly world: World
  readonly redis: TestRedis
  readonly other: House
  /** Alice at the first replica and at the second. */
  readonly here: Person
  readonly there: Person
  /** Bob, of another workload, at the second replica. */
  readonly stranger: Person
}

async function startReplicas(t: Scope): Promise<Replicas> {
  const redis = await startRedis(t)
  const world = await startWorld(t, { change: config => ({ ...config, redis: redis.section }) })
  const { ledger } = world.config
  const config = { ...world.config, ledger: { ...ledger, directory: join(world.directory, 'ledger-of-the-other') } }
  const other = await reopen(t, world, config)
  const [here, there, stranger] = await Promise.all([
    person(world),
    person(world, { house: other }),
    person(world, { house: other, as: 'bob', workload: 'code-assistant' }),
  ])
  return { world, redis, other, here, there, stranger }
}

const ask = { model: 'gpt-4o', input: 'Who approves my travel expenses?', max_output_tokens: 16 }
const outcome = ({ status, refusal }: Answered): readonly [number, string | null] => [status, refusal]

// A load balancer can send the next turn of a conversation to another replica.
test('a response created through one replica is found by another, and refused to another workload', async t => {
  const { here, there, stranger } = await startReplicas(t)
  const { id, body } = await here.call('POST', 'responses', ask)
  const item = (body['output'] as { id: string }[])[0]?.id
  for (const follow of [
    { ...ask, previous_response_id: id },
    { ...ask, input: [{ type: 'item_reference', id: item }] },
  ]) {
    assert.deepEqual(outcome(await stranger.call('POST', 'responses', follow)), [404, 'object_unknown'])
    assert.deepEqual(outcome(await there.call('POST', 'responses', follow)), [200, null])
  }
  assert.deepEqual(outcome(await stranger.call('DELETE', `responses/${id}`)), [404, 'object_unknown'])
  assert.deepEqual(outcome(await there.call('GET', `responses/${id}`)), [200, null])
})

test('an object deleted through one replica is unknown to another, and usage reported later is counted by only one of them', async t => {
  const { world, other, here, there } = await startReplicas(t)
  const { id } = await here.call('POST', 'responses', ask)
  assert.equal((await here.call('DELETE', `responses/${id}`)).status, 200)
  // For three seconds after a Redis server is new, no replica answers 404.
  await eventually('it is gone', async () =>
    (await there.call('GET', `responses/${id}`)).status === 404 ? true : null,
  )
  const begun = await here.call('POST', 'responses', { ...ask, background: true })
  await there.call('GET', `responses/${begun.id}`)
  const looks: number[] = []
  for (const [by, house] of [
    [there, other],
    [here, world.house],
    [there, other],
  ] as const) {
    const { requestId } = await by.call('GET', `responses/${begun.id}`)
    looks.push((await recordOf(house.ledger, requestId)).usage.totalTokens ?? 0)
  }
  assert.ok((looks[0] ?? 0) > 0)
  assert.deepEqual(looks.slice(1), [0, 0])
})

test("while Redis is down own objects serve, others' get 503 and not 404, and all are shared once it is back, even if it lost its data", async t => {
  const { redis, here, there, stranger } = await startReplicas(t)
  const early = await here.call('POST', 'responses', ask)
  await redis.kill()
  const late = await here.call('POST', 'responses', ask)
  assert.equal(late.status, 200, 'creating does not need Redis')
  for (const { id } of [early, late]) {
    assert.deepEqual(outcome(await here.call('GET', `responses/${id}`)), [200, null])
    // It exists: a client that gets 404 would give it up.
    assert.deepEqual(outcome(await there.call('GET', `responses/${id}`)), [503, 'objects_unavailable'])
  }
  await redis.start()
  for (const { id } of [early, late]) {
    const answer = await eventually('the other replica finds it', async () => {
      const one = await there.call('GET', `responses/${id}`)
      return one.status === 200 ? one : null
    })
    assert.equal(answer.id, id)
    assert.deepEqual(outcome(await stranger.call('GET', `responses/${id}`)), [404, 'object_unknown'])
  }
})

test('a gateway starts and serves its own objects while its Redis is unreachable', async t => {
  const redis = await startRedis(t, { started: false })
  const world = await startWorld(t, { change: config => ({ ...config, redis: redis.section }) })
  const alice = await person(world)
  const { id } = await alice.call('POST', 'responses', ask)
  assert.deepEqual(outcome(await alice.call('GET', `responses/${id}`)), [200, null])
  assert.deepEqual(outcome(await alice.call('GET', 'responses/resp_nobodys')), [503, 'objects_unavailable'])
  await redis.start()
  await eventually('Redis answers', async () => {
    const answer = await alice.call('GET', 'responses/resp_nobodys')
    return answer.status === 404 ? answer : null
  })
})
