import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, changed, check } from './rules/rules.fixture.ts'

const rows = [
  ['workloads/bot/limits', { monthlyBudget: '500 USD' }, 'costPerMonth'],
  ['workloads/bot/limits', { max_budget: '500 USD' }, 'costPerMonth'],
  ['workloads/bot/limits', { rpm: 60 }, 'requestsPerMinute'],
  ['workloads/bot/limits', { tpm: 60_000 }, 'tokensPerMinute'],
  ['workloads/bot/limits', { tokens_per_minute: 60_000 }, 'tokensPerMinute'],
  ['workloads/bot/limits', { max_parallel_requests: 5 }, 'callsInFlight'],
  ['instances/three', { api_base: 'https://three.example', deployments: {} }, 'endpoint'],
  ['instances/three', { endpoint: 'https://three.example', models: {} }, 'deployments'],
] as const

// People bring the words of the gateway that they had before.
test('a word of another gateway leads to the key, and its value is checked as that of the key', async () => {
  for (const [path, value, expected] of rows) {
    const { errors } = await check(changed(path, value))
    assert.deepEqual([errors.map(({ nearest }) => nearest), errors.length], [[expected], 1], JSON.stringify(value))
  }
})

test('a key that belongs one level lower or higher is named with its place', async () => {
  const lower = await check(changed('workloads/bot/budget', '500 USD'))
  assert.deepEqual(brief(lower.errors), ['unknown_key workloads.bot.budget'])
  assert.equal(lower.errors[0]?.nearest, 'workloads.bot.limits.costPerMonth')
  const higher = await check(changed('workloads/bot/limits', { tokensPerMinute: 5_000, priority: 'batch' }))
  assert.match(higher.errors[0]?.expected ?? '', /It belongs one level higher: workloads\.bot\.priority$/)
})
