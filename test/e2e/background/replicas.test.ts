/** Replicas share open charges: each is charged once, whichever replica sees the end first or is left to see it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { House } from '../../../packages/gateway/src/house/index.ts'
import { type BackgroundWorld, chargedOf, startBackground } from '../../support/background.ts'
import { startRedis, type TestRedis } from '../../support/redis.ts'
import { eventually } from '../../support/wait.ts'
import type { Scope } from '../../support/world.ts'

const plan = { model: 'gpt-5', background: true, max_output_tokens: 1_000, input: 'Plan a week in Lisbon' }

async function startReplicas(t: Scope): Promise<{ by: BackgroundWorld; other: House; redis: TestRedis }> {
  const redis = await startRedis(t)
  const by = await startBackground(t, {
    change: config => ({
      ...config,
      redis: redis.section,
      limits: { store: 'redis', whenStoreIsDown: 'allow' },
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, one]) => [name, { ...one, limits: { tokensPerDay: 5_000 } }]),
      ),
    }),
  })
  return { by, other: await by.replica(), redis }
}

async function begin(by: BackgroundWorld, through?: House): Promise<string> {
  const answer = await by.sends('POST', 'responses', plan, through)
  assert.equal(answer.status, 200, await answer.clone().text())
  return ((await answer.json()) as { id: string }).id
}

async function chargedOfAll(by: BackgroundWorld, houses: readonly House[]): Promise<number> {
  const records = await Promise.all(houses.map(house => by.records(house)))
  return chargedOf(records.flat())
}

test('H2 of two replicas that see the end at once, one charges, to the limits of the call that began it', async t => {
  const { by, other } = await startReplicas(t)
  const houses = [by.house, other]
  const ids = [await begin(by), await begin(by), await begin(by)]
  const before = await by.standing('tokensPerDay')
  assert.ok(before.reserved > 3_000 && before.used === 0, JSON.stringify(before))
  for (const id of ids) by.finish(id)
  const looks = ids.flatMap(id =>
    [...houses, ...houses].map(house => by.sends('GET', `responses/${id}`, undefined, house)),
  )
  await Promise.all(looks.map(async look => (await look).text()))
  // Polls that came too early, while the other replica had the claim, are followed up.
  for (const id of ids) await by.untilPolled(id, 0)
  const charged = await eventually('all charges', async () => {
    by.time.ms += 5_000
    const sum = await chargedOfAll(by, houses)
    return sum >= 3 * 329 ? sum : null
  })
  assert.equal(charged, 3 * 329)
  const after = await eventually('the reservation is refunded', async () => {
    by.time.ms += 5_000
    const standing = await by.standing('tokensPerDay')
    return standing.reserved === 0 ? standing : null
  })
  assert.equal(after.used, 3 * 329)
})

test('H2 work begun by a replica that is gone is taken over by another one, and charged once', async t => {
  const { by, other } = await startReplicas(t)
  const id = await begin(by, other)
  by.finish(id)
  await by.records(other)
  await other.close()
  by.time.ms += 300_000
  await by.untilPolled(id, 1)
  const charged = await eventually('the charge', async () => {
    by.time.ms += 5_000
    return (await by.records()).find(({ usage }) => usage.source === 'reported') ?? null
  })
  assert.deepEqual([charged.copyKind, charged.workload, charged.usage.totalTokens], ['follow_up', 'w', 329])
  await (await by.sends('GET', `responses/${id}`)).text()
  assert.equal(await chargedOfAll(by, [by.house]), 329)
})

test('H2 open charges are replayed to a Redis that comes back empty, and nothing is charged twice', async t => {
  const { by, other, redis } = await startReplicas(t)
  const id = await begin(by)
  await redis.kill()
  const late = await begin(by)
  await redis.start()
  by.finish(id)
  by.finish(late)
  await eventually('the other one may answer', async () => {
    const statuses = []
    for (const one of [id, late]) {
      const answer = await by.sends('GET', `responses/${one}`, undefined, other)
      await answer.text()
      statuses.push(answer.status)
    }
    return statuses.every(status => status === 200) ? true : null
  })
  const charged = await eventually('all charges', async () => {
    by.time.ms += 5_000
    const sum = await chargedOfAll(by, [by.house, other])
    return sum >= 2 * 329 ? sum : null
  })
  for (const house of [by.house, other]) await (await by.sends('GET', `responses/${id}`, undefined, house)).text()
  assert.deepEqual([charged, await chargedOfAll(by, [by.house, other])], [2 * 329, 2 * 329])
})

test('H2 the gateway polls a response before it is deleted through another replica', async t => {
  const { by, other } = await startReplicas(t)
  const id = await begin(by)
  by.finish(id)
  await by.records()
  const deleted = await eventually('the other one knows it', async () => {
    const answer = await by.sends('DELETE', `responses/${id}`, undefined, other)
    await answer.text()
    return answer.status === 200 ? true : null
  })
  assert.ok(deleted)
  const charges = (await by.records(other)).filter(({ usage }) => usage.totalTokens !== null)
  assert.deepEqual(
    charges.map(({ copyKind, usage }) => [copyKind, usage.source, usage.totalTokens]),
    [['follow_up', 'reported', 329]],
  )
  const standing = await eventually('the reservation is refunded', async () => {
    by.time.ms += 5_000
    const { used, reserved } = await by.standing('tokensPerDay')
    return reserved === 0 ? { used, reserved } : null
  })
  assert.deepEqual(standing, { used: 329, reserved: 0 })
})
