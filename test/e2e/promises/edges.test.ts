/** Unusual values that clients and instances send, in pools, retries and addresses, over real sockets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPool } from '../../support/pool-world.ts'
import { send } from '../../support/raw.ts'
import { assertRefusal } from '../../support/refused.ts'
import { ask, startWorld } from '../../support/world.ts'

// Azure has sent this pair. Believing only the zero would send every second call to a member that refuses it.
test('C7 a throttled member that answers both 1 s and 0 ms is rarely tried', async t => {
  const pool = await startPool(t, { count: 2, pool: { strategy: 'round-robin' } })
  pool.instances[0]?.setFault({ kind: '429', 'retry-after': 30, 'retry-after-ms': 0 })
  for (let i = 0; i < 25; i += 1) assert.equal((await pool.chat()).status, 200)
  assert.equal(pool.instances[0]?.bill().length, 1)
})

test('C5 and C6 an endpoint with a trailing slash is called, and a placeholder beside a valid api-key is ignored', async t => {
  const world = await startWorld(t)
  const token = await world.token('alice')
  const body = JSON.stringify({ model: 'gpt-4o', messages: ask('Hello'), max_tokens: 5 })
  const call = (target: string, headers: readonly (readonly [string, string])[]) =>
    send(world.url, { method: 'POST', target, headers: [['Content-Type', 'application/json'], ...headers], body })
  for (const root of [
    '/main/hr-bot//openai/v1',
    '/main/hr-bot/openai//v1',
    '/main/hr-bot//openai/deployments/gpt-4o',
  ]) {
    const version = root.includes('deployments') ? '?api-version=2024-10-21' : ''
    const answer = await call(`${root}/chat/completions${version}`, [
      ['api-key', token],
      ['Authorization', 'Bearer undefined'],
    ])
    assert.equal(answer.status, 200, answer.body.toString())
  }
  assertRefusal(await call('/main/hr-bot///openai/v1/chat/completions', [['api-key', token]]), 'path_malformed')
  assertRefusal(await send(world.url, { target: '/' }), 'route_unknown')
})
