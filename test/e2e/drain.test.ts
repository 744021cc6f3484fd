/** An operator drains an instance of a running gateway, and restores it: where calls go meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { demoDirectory } from '../../packages/simulator/src/index.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { type PoolWorld, startPool } from '../support/pool-world.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { settledRecords } from '../support/records.ts'
import { assertRefused } from '../support/refused.ts'
import { ask, type Scope } from '../support/world.ts'

const alice = demoDirectory.people.find(({ name }) => name === 'alice')?.objectId ?? ''

function startDrainable(t: Scope, directory?: string): Promise<PoolWorld> {
  return startPool(t, {
    count: 2,
    // Two priorities: a drained member is left, however much it is preferred.
    members: ([one = '', two = '']) => [{ instance: one }, { instance: two, priority: 2 }],
    change: (config: ConfigInput): ConfigInput => ({
      ...config,
      admin: { ...config.admin, roles: { operator: [{ user: alice }] } },
      ...(directory === undefined ? {} : { ledger: { ...config.ledger, directory } }),
    }),
  })
}

async function order(pool: PoolWorld, what: 'drain' | 'restore', instance: string): Promise<Record<string, unknown>> {
  const { house } = pool.world
  const answer = await fetch(`${house.admin?.url}/api/v1/instances/${instance}/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await pool.world.token('alice')}`, 'content-length': '0' },
  })
  assert.equal(answer.status, 200, await answer.clone().text())
  return (await answer.json()) as Record<string, unknown>
}

const billed = (pool: PoolWorld): number[] => pool.instances.map(instance => instance.bill().length)

const respond = async (pool: PoolWorld, more: object): Promise<RawAnswer> =>
  send(pool.world.url, {
    target: '/trio/hr-bot/openai/v1/responses',
    headers: [
      ['Authorization', `Bearer ${await pool.world.token('alice')}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify({ model: 'gpt-4o', input: 'Hello', ...more }),
  })

// The point of draining: the work on an instance begins, and nobody notices.
test('calls move to the other member when one is drained, none fails, and they come back', {
  timeout: 60_000,
}, async t => {
  const pool = await startDrainable(t)
  const statuses: number[] = []
  let isOver = false
  const caller = async (): Promise<void> => {
    while (!isOver) {
      const { status } = await pool.chat({ body: { messages: ask('Hello'), max_tokens: 20, stream: true } })
      statuses.push(status)
    }
  }
  const callers = Promise.all([caller(), caller(), caller()])
  await pool.chat()
  const answer = await order(pool, 'drain', 'member-1')
  assert.equal((answer['drained'] as { by?: unknown }).by, 'alice@contoso.example')
  for (let call = 0; call < 5; call += 1) await pool.chat()
  isOver = true
  await callers
  assert.deepEqual([...new Set(statuses)], [200])
  const [first] = billed(pool)
  const [, second = 0] = billed(pool)
  for (let call = 0; call < 5; call += 1) assert.equal((await pool.chat()).status, 200)
  assert.deepEqual(billed(pool), [first, second + 5])
  const states = pool.world.house.instanceStates()
  assert.equal(states.find(({ name }) => name === 'member-1')?.drained?.by, 'alice@contoso.example')

  await order(pool, 'restore', 'member-1')
  assert.equal((await pool.chat()).status, 200)
  assert.deepEqual(billed(pool), [(first ?? 0) + 1, second + 5])
  const records = await settledRecords(pool.world.house)
  assert.deepEqual([...new Set(records.map(({ outcome }) => outcome))], ['completed'])
})

// A conversation in the middle would break otherwise, and the operator would be the one who broke it.
test('calls that need an object of a drained instance still go there', async t => {
  const pool = await startDrainable(t)
  const first = await respond(pool, { store: true })
  assert.equal(first.status, 200, first.body.toString())
  const { id } = JSON.parse(first.body.toString()) as { id: string }
  await order(pool, 'drain', 'member-1')
  assert.equal((await respond(pool, { previous_response_id: id })).status, 200)
  assert.deepEqual(billed(pool), [2, 0])
  assert.equal((await respond(pool, {})).status, 200)
  assert.deepEqual(billed(pool), [2, 1])
})

test('where no other member can serve, calls are refused as drained, with nothing sent', async t => {
  const pool = await startDrainable(t)
  await order(pool, 'drain', 'member-1')
  const named = await pool.chat({ target: 'member-1' })
  await assertRefused(pool.world.house.ledger, named, 'instance_drained')
  assert.equal(named.headers['retry-after'], '30')
  await order(pool, 'drain', 'member-2')
  await assertRefused(pool.world.house.ledger, await pool.chat(), 'instance_drained')
  assert.deepEqual(billed(pool), [0, 0])
  await order(pool, 'restore', 'member-2')
  assert.equal((await pool.chat()).status, 200)
})

test('a gateway that starts again keeps calls away from a drained instance', async t => {
  const directory = temporaryDirectory('drain')
  const before = await startDrainable(t, directory)
  await order(before, 'drain', 'member-1')
  await before.world.house.close()
  const after = await startDrainable(t, directory)
  assert.equal((await after.chat()).status, 200)
  assert.deepEqual(billed(after), [0, 1])
})
