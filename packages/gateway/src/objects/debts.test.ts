import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRedis } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { configSchema } from '../config/schema/index.ts'
import { silentLog } from '../log.ts'
import type { RedisStore } from '../redis/index.ts'
import { openRedis } from '../redis/open.ts'
import { RedisDebts } from './debts.ts'
import type { Debt } from './index.ts'

const debt: Debt = {
  objectId: 'resp_1',
  kind: 'response',
  recordId: '0190a7d0-0000-7000-8000-000000000001',
  startedAtMs: 1_000,
  caller: { kind: 'user', tenantId: 't', objectId: 'o', appId: null, displayName: 'Alice' },
  workload: 'hr-bot',
  target: 'main',
  instance: 'east',
  deployment: 'gpt-5',
  servedDeployment: null,
  apiVersion: null,
  bound: { promptTokens: 10, completionTokens: 400 },
}
const dayMs = 86_400_000

async function connected(t: Parameters<typeof startRedis>[0], url: string): Promise<RedisStore> {
  const config = configSchema.shape.redis.parse({ url })
  assert.ok(config !== undefined)
  const redis = openRedis(config, { clock: Date.now, log: silentLog })
  t.after(() => redis.close())
  return redis
}

// Otherwise a process that dies between its claim and its record would take the charge with it.
test('H2 one process claims a debt, and another one can when the first has died before it paid', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [await connected(t, url), await connected(t, url)]
  const [first, second] = [new RedisDebts(one, dayMs, 100), new RedisDebts(two, dayMs, 100)]
  await Promise.all([one.start(), two.start()])
  assert.equal(await second.claim('resp_1', false), 'none')
  first.owes(debt)
  assert.deepEqual(await eventually('it is shared', async () => unlessNone(await second.claim('resp_1', false))), debt)
  assert.equal(await first.claim('resp_1', true), 'claimed')
  assert.deepEqual(
    await eventually('the claim is over', async () => unlessNone(await first.claim('resp_1', true))),
    debt,
  )
  first.paid('resp_1')
  await eventually('all know that it is paid', async () => ((await second.isPaid('resp_1')) ? true : null))
  assert.equal(await second.claim('resp_1', true), 'paid')
  first.owes(debt)
  assert.equal(await second.claim('resp_1', false), 'paid', 'a debt that was paid is not added again')
})

function unlessNone<T>(answer: T): T | null {
  return answer === 'none' || answer === 'claimed' ? null : answer
}

test('H2 debts that were not renewed for a while are handed to one process that asks, and to no second one', async t => {
  const { url } = await startRedis(t)
  const redis = await connected(t, url)
  const debts = new RedisDebts(redis, dayMs)
  await redis.start()
  debts.owes(debt)
  await eventually('it is shared', async () => ((await debts.claim('resp_1', false)) === 'none' ? null : true))
  debts.tended(['resp_1', 'resp_unknown'], 500_000)
  assert.deepEqual(await debts.orphans(600_000), [])
  assert.deepEqual(await debts.orphans(700_000), [debt])
  assert.deepEqual(await debts.orphans(700_001), [])
  debts.paid('resp_1')
  assert.deepEqual(await debts.orphans(2_000_000), [])
})
