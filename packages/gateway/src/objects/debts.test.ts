import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRedis } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { RedisDebts } from './debts.ts'
import type { Debt } from './index.ts'
import { redisAt } from './redis.fixture.ts'

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

// Otherwise a process that dies between its claim and its record would take the charge with it.
test('H2 one process claims a debt, and another one can when the first has died before it paid', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [redisAt(t, url), redisAt(t, url)]
  const [first, second] = [new RedisDebts(one, dayMs, 100), new RedisDebts(two, dayMs, 100)]
  await Promise.all([one.start(), two.start()])
  assert.equal(await second.claim('resp_1', false), 'none')
  first.add(debt)
  assert.deepEqual(await eventually('it is shared', async () => unlessNone(await second.claim('resp_1', false))), debt)
  assert.equal(await first.claim('resp_1', true), 'claimed')
  assert.deepEqual(
    await eventually('the claim is over', async () => unlessNone(await first.claim('resp_1', true))),
    debt,
  )
  first.paid('resp_1')
  await eventually('all know that it is paid', async () => ((await second.isPaid('resp_1')) ? true : null))
  assert.equal(await second.claim('resp_1', true), 'paid')
  first.add(debt)
  assert.equal(await second.claim('resp_1', false), 'paid', 'a debt that was paid is not added again')
})

function unlessNone<T>(answer: T): T | null {
  return answer === 'none' || answer === 'claimed' ? null : answer
}

test('H2 debts that were not renewed for a while are handed to one process that asks, and to no second one', async t => {
  const { url } = await startRedis(t)
  const redis = redisAt(t, url)
  const debts = new RedisDebts(redis, dayMs)
  await redis.start()
  debts.add(debt)
  await eventually('it is shared', async () => ((await debts.claim('resp_1', false)) === 'none' ? null : true))
  debts.renew(['resp_1', 'resp_unknown'], 500_000)
  assert.deepEqual(await debts.orphans(600_000), [])
  assert.deepEqual(await debts.orphans(700_000), [debt])
  assert.deepEqual(await debts.orphans(700_001), [])
  debts.paid('resp_1')
  assert.deepEqual(await debts.orphans(2_000_000), [])
})

// The call that began the work has ended long before; only the debt says whom to charge.
test('H2 a debt and a payment of an outage are written when Redis is back, also when it comes back empty', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [redisAt(t, url), redisAt(t, url)]
  const [first, second] = [new RedisDebts(one, dayMs), new RedisDebts(two, dayMs)]
  await Promise.all([one.start(), two.start()])
  one.takeDown()
  first.add(debt)
  first.add({ ...debt, objectId: 'resp_2' })
  first.paid('resp_2')
  assert.equal(await first.claim('resp_1', true), 'unknown')
  assert.equal(await first.isPaid('resp_2'), false, 'it cannot be looked up')
  assert.deepEqual([await first.find('resp_1'), await first.orphans(9_000_000)], [null, []])
  await one.bringBack()
  assert.deepEqual(await second.find('resp_1'), debt)
  assert.equal(await second.claim('resp_2', true), 'paid')
  one.takeDown()
  await one.bringBack(true)
  assert.deepEqual(await second.find('resp_1'), debt)
})

// A debt that is known to one process alone is charged to nobody when that process dies.
test('a debt and a payment that fail while Redis is up, or come as it returns, are written soon', async t => {
  const { url } = await startRedis(t)
  const [one, two] = [redisAt(t, url), redisAt(t, url)]
  const [first, second] = [new RedisDebts(one, dayMs), new RedisDebts(two, dayMs)]
  t.after(() => first.close())
  await Promise.all([one.start(), two.start()])
  one.failures = 1
  first.add(debt)
  await eventually('the debt is shared', () => second.find('resp_1'))
  one.failures = 1
  first.paid('resp_1')
  await eventually('all know that it is paid', async () => (await second.isPaid('resp_1')) || null)
  one.takeDown()
  const back = one.bringBack()
  one.takeDown()
  first.add({ ...debt, objectId: 'resp_2' })
  one.comeUp()
  await back
  await eventually('the debt of the last moment is shared', () => second.find('resp_2'))
})

// The other process knows what it wrote, and charges it itself.
test('a debt that lacks a field, as another version may have written it, is no debt here', async t => {
  const { url } = await startRedis(t)
  const redis = redisAt(t, url)
  const debts = new RedisDebts(redis, dayMs)
  await redis.start()
  for (const field of ['objectId', 'recordId', 'startedAtMs', 'caller', 'bound'] as const) {
    const { [field]: _, ...rest } = debt
    await redis.write(`owed:resp_${field}`, JSON.stringify(rest))
    assert.equal(await debts.find(`resp_${field}`), null, field)
    assert.equal(await debts.claim(`resp_${field}`, false), 'none', field)
  }
})
