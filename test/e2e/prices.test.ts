/**
 * Costs, from the backend's answer to the record. Otherwise a department would be charged for what another one used.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { recordOf } from '../support/records.ts'
import { apiVersion, ask, startWorld, type World } from '../support/world.ts'

const deployments = {
  'gpt-4o': { model: 'gpt-4o' },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
  own: { model: 'house-model' },
} as const

async function call(world: World, operation: string, body: unknown): Promise<RecordRow> {
  const answer = await fetch(`${world.url}/main/hr-bot/openai/deployments/${operation}?api-version=${apiVersion}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await answer.text()
  return recordOf(world.house.ledger, answer.headers.get('x-gatehouse-request-id'))
}

const chat = { messages: ask('How do I apply for leave?') }

test("the cost of a call is the backend's bill at the list price, streams included", async t => {
  const world = await startWorld(t, { deployments })
  const calls: readonly (readonly [operation: string, body: unknown, input: number, cached: number, output: number])[] =
    [
      ['gpt-4o/chat/completions', chat, 2_500, 1_250, 10_000],
      ['gpt-4o/chat/completions', { ...chat, stream: true }, 2_500, 1_250, 10_000],
      ['text-embedding-3-small/embeddings', { input: 'leave' }, 20, 20, 0],
    ]
  for (const [operation, body, input, cached, output] of calls) {
    const { id, cost, usage } = await call(world, operation, body)
    const [line, ...others] = [...world.one.bill(), ...world.two.bill()].filter(one => one.gatehouseRequestId === id)
    assert.ok(line)
    assert.deepEqual(others, [])
    const fromCache = usage.cachedTokens ?? 0
    const nano = (line.promptTokens - fromCache) * input + fromCache * cached + line.completionTokens * output
    assert.ok(nano > 0)
    assert.deepEqual([cost?.nano, cost?.currency], [nano, 'USD'], operation)
    assert.match(cost?.price ?? '', /^(gpt-4o-2024-11-20|text-embedding-3-small) 2026-08-01$/)
  }
})

test('a model without a price has no known cost, and the log says so once', async t => {
  const said: unknown[] = []
  const log = { ...silentLog, warn: (fields: object, event: string) => said.push({ ...fields, event }) }
  const world = await startWorld(t, { deployments, parts: { log } })
  for (const _ of [1, 2]) {
    const { cost, usage } = await call(world, 'own/chat/completions', chat)
    assert.equal(usage.source, 'reported')
    assert.equal(cost, null)
  }
  assert.deepEqual(
    said.filter(line => JSON.stringify(line).includes('unpriced')),
    [{ model: 'house-model', setting: 'prices.models.house-model', event: 'model_unpriced' }],
  )
})

test('a reload changes the prices of later calls; recorded calls keep theirs', async t => {
  const world = await startWorld(t, {
    deployments,
    change: config => ({ ...config, prices: { models: { 'house-model': { input: 1, output: 2 } } } }),
  })
  const before = await call(world, 'own/chat/completions', chat)
  assert.equal(
    before.cost?.nano,
    (before.usage.promptTokens ?? 0) * 1_000 + (before.usage.completionTokens ?? 0) * 2_000,
  )
  const prices = configSchema.shape.prices.parse({
    models: { 'house-model': { input: 3, output: 0, validFrom: '2020-01-01' } },
  })
  world.house.reload({ ...world.config, prices })
  const after = await call(world, 'own/chat/completions', chat)
  assert.equal(after.cost?.nano, (after.usage.promptTokens ?? 0) * 3_000)
  assert.equal(after.cost?.price, 'house-model 2020-01-01')
  assert.deepEqual((await recordOf(world.house.ledger, before.id)).cost, before.cost)
})

// P10: an operator's slip in the price list must not take the gateway down, nor leave it with half of a configuration.
test('P10: a catalogue that cannot be used refuses the reload, and the old prices stay', async t => {
  const world = await startWorld(t, { deployments })
  const prices = { ...world.config.prices, catalogue: `${world.directory}/nowhere.yaml` }
  assert.throws(() => world.house.reload({ ...world.config, prices }), { code: 'config_unreadable' })
  const { cost } = await call(world, 'gpt-4o/chat/completions', chat)
  assert.equal(cost?.price, 'gpt-4o-2024-11-20 2026-08-01')
})

test('a call that the backend refused has no cost, and is not counted as unpriced', async t => {
  const said: string[] = []
  const log = { ...silentLog, warn: (_: object, event: string) => said.push(event) }
  const world = await startWorld(t, { deployments, parts: { log } })
  world.one.setFault({ kind: '500' })
  world.two.setFault({ kind: '500' })
  const { cost, status } = await call(world, 'own/chat/completions', chat)
  assert.deepEqual([cost, status], [null, 500])
  assert.equal(said.includes('model_unpriced'), false)
})
