/**
 * P7 through whole gateways that share a Redis: what clients receive while Redis is up, while it is down, and after.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Config, ConfigInput } from '../../../packages/gateway/src/config/schema/index.ts'
import type { House } from '../../../packages/gateway/src/house/index.ts'
import { settledRecords } from '../../support/records.ts'
import { startRedis, type TestRedis, tell } from '../../support/redis.ts'
import { eventually } from '../../support/wait.ts'
import { ask, reopen, type Scope, startWorld, type World } from '../../support/world.ts'

type WhenDown = 'refuse' | 'local' | 'allow'

interface Answered {
  readonly status: number
  readonly code: string | null
  readonly message: string
  /** The `x-gatehouse-limits` header. */
  readonly limits: string | null
  readonly remaining: string | null
  readonly retryAfter: string | null
}

async function startShared(
  t: Scope,
  redis: TestRedis,
  whenStoreIsDown: WhenDown,
  rule: NonNullable<NonNullable<ConfigInput['limits']>['rules']>[string],
): Promise<World> {
  return await startWorld(t, {
    change: config => ({
      ...config,
      redis: redis.section,
      limits: {
        store: 'redis',
        whenStoreIsDown,
        rules: { everybody: rule },
      },
    }),
  })
}

/** A second gateway with its own ledger. */
async function another(t: Scope, world: World): Promise<House> {
  const { ledger } = world.config
  const config: Config = { ...world.config, ledger: { ...ledger, directory: join(world.directory, 'ledger-2') } }
  return await reopen(t, world, config)
}

async function call(world: World, house: House, maximum = 20): Promise<Answered> {
  const answer = await fetch(`${house.gateway.url}/main/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await world.token('alice')}` },
    body: JSON.stringify({ model: 'gpt-4o', max_tokens: maximum, messages: ask('Explain recursion.') }),
  })
  const { error } = (await answer.json()) as { readonly error?: { readonly code: string; readonly message: string } }
  return {
    status: answer.status,
    code: error?.code ?? null,
    message: error?.message ?? '',
    limits: answer.headers.get('x-gatehouse-limits'),
    remaining: answer.headers.get('x-ratelimit-remaining-requests'),
    retryAfter: answer.headers.get('retry-after'),
  }
}

async function readiness(house: House): Promise<readonly [number, string]> {
  const answer = await fetch(`${house.gateway.url}/readyz`)
  const { limits } = (await answer.json()) as { readonly limits: string }
  return [answer.status, limits]
}

const isBack = (house: House): Promise<true> =>
  eventually('the store is back', async () => ((await readiness(house))[1] === 'ok' ? true : null))

// A limit of three calls that two replicas count separately is a limit of six.
test('P7 two gateways on one Redis share one limit, and a refusal names its rule', async t => {
  const redis = await startRedis(t)
  const world = await startShared(t, redis, 'refuse', { requestsPerMinute: 3 })
  const other = await another(t, world)
  const answers = [
    await call(world, world.house),
    await call(world, other),
    await call(world, world.house),
    await call(world, other),
  ]
  assert.deepEqual(
    answers.map(({ status, remaining }) => [status, remaining]),
    [
      [200, '2'],
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ],
  )
  const refused = answers[3]
  assert.equal(refused?.code, 'request_limit_reached')
  assert.match(refused?.message ?? '', /limits\.rules\.everybody/)
  assert.ok(Number(refused?.retryAfter) >= 50 && Number(refused?.retryAfter) <= 61)
  assert.equal(refused?.limits, null)
})

// The operator chose what happens without Redis; the client, the load balancer and the operator must each be able to
// see that it is in effect.
test('P7 a gateway that starts without its Redis serves by whenStoreIsDown, reports it, and recovers by itself', async t => {
  const wanted = {
    refuse: [
      [503, 'limits_unavailable', 'refuse'],
      [503, 'limits_unavailable', 'refuse'],
    ],
    local: [
      [200, null, 'local'],
      [429, 'request_limit_reached', 'local'],
    ],
    allow: [
      [200, null, 'allow'],
      [200, null, 'allow'],
    ],
  } as const
  for (const whenDown of ['refuse', 'local', 'allow'] as const) {
    const redis = await startRedis(t, { started: false })
    const world = await startShared(t, redis, whenDown, { requestsPerMinute: 1 })
    const answers = [await call(world, world.house), await call(world, world.house)]
    const seen = answers.map(({ status, code, limits }) => [status, code, limits])
    assert.deepEqual(seen, wanted[whenDown])
    assert.deepEqual(await readiness(world.house), [whenDown === 'refuse' ? 503 : 200, whenDown])
    await redis.start()
    await isBack(world.house)
    const after = await call(world, world.house)
    // Calls admitted in the meantime are counted.
    assert.equal(after.status, whenDown === 'refuse' ? 200 : 429)
    assert.equal(after.limits, null)
  }
})

// A monthly budget that starts again after a crash of Redis or of a gateway is no budget.
test('P7 a budget survives crashes of Redis and the gateways: ledgers replay their usage to an empty Redis', async t => {
  const redis = await startRedis(t)
  const world = await startShared(t, redis, 'refuse', { tokensPerMonth: 125 })
  const other = await another(t, world)
  for (const house of [world.house, other]) assert.equal((await call(world, house, 40)).status, 200)
  await settledRecords(world.house)
  const { ledger } = world.config
  await world.house.close()
  await other.close()
  await redis.kill()
  await redis.start()
  const again = await reopen(t, world, world.config)
  const otherAgain = await reopen(t, world, {
    ...world.config,
    ledger: { ...ledger, directory: join(world.directory, 'ledger-2') },
  })
  const refused = await call(world, again, 40)
  assert.deepEqual([refused.status, refused.code], [429, 'budget_exhausted'])
  assert.equal((await call(world, otherAgain, 40)).code, 'budget_exhausted')
  assert.match(tell(redis.port, 'HGET', '{gatehouse}:c:rule/everybody:tokensPerMonth', 's'), /^(?:9\d|10\d)$/)
})

// A call that fails must not use up a limit that others need, whichever process counts it.
test('P7 nothing stays reserved in Redis after all calls, including failed ones, have ended', async t => {
  const redis = await startRedis(t)
  const world = await startShared(t, redis, 'local', { tokensPerMonth: 1_000_000 })
  world.one.setFault({ kind: '500' })
  const calls = await Promise.all(Array.from({ length: 20 }, () => call(world, world.house, 10)))
  assert.ok(calls.some(({ status }) => status === 200))
  await eventually('nothing is reserved', () => {
    const reserved = tell(redis.port, 'HGET', '{gatehouse}:c:rule/everybody:tokensPerMonth', 'r')
    return reserved === '0' && tell(redis.port, 'KEYS', '*:leases:*') === '' ? true : null
  })
})
