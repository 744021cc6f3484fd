/** Few bytes must not cost much: not of the ledger's room, not of memory, not of everybody's time. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, runWorld } from '../support/file-world.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { recordOf, settledRecords } from '../support/records.ts'
import { assertAlive, assertRefused } from '../support/refused.ts'
import { ask, type World } from '../support/world.ts'

let world: World & Running
before(async () => {
  world = await runWorld()
})
after(() => world.close())

function call(target: string, token: string | null, body: object = { messages: ask('Hello') }): Promise<RawAnswer> {
  const authorization = token === null ? [] : ([['Authorization', `Bearer ${token}`]] as const)
  const headers = [['Content-Type', 'application/json'], ...authorization] as const
  return send(world.url, { method: 'POST', target, headers, body: JSON.stringify(body) })
}

// Chargeback reports showed workloads that strangers had invented, and in the end no others.
test('H1 names that nobody was allowed to use are in no report; those of the configuration are', async () => {
  const { ledger } = world.house
  const alice = await world.token('alice')
  const long = 'x'.repeat(4_000)
  await assertRefused(ledger, await call('/t/w/openai/deployments/made-up/chat/completions', null), 'token_missing')
  await assertRefused(ledger, await call(`/t/w/openai/deployments/${long}/chat/completions`, null), 'token_missing')
  await assertRefused(
    ledger,
    await call(`/main/invented/openai/deployments/${long}/chat/completions`, alice),
    'workload_unknown',
  )
  const notAllowed = await call(`/main/hr-bot/openai/deployments/${long}/chat/completions`, alice)
  const { path } = await assertRefused(ledger, notAllowed, 'deployment_not_allowed')
  assert.ok(path.includes(long.slice(0, 1_000)), 'the address is in the record all the same')
  const known = await call('/main/hr-bot/openai/deployments/gpt-4o/chat/completions', null)
  const record = await assertRefused(ledger, known, 'token_missing')
  assert.deepEqual([record.workload, record.target, record.deployment], ['hr-bot', 'main', 'gpt-4o'])
  for (const by of ['workload', 'deployment'] as const) {
    const { lines } = await ledger.usage({ by: [by] })
    const names = lines.map(({ keys }) => keys[0])
    const configured = by === 'workload' ? Object.keys(world.config.workloads) : ['gpt-4o', 'gpt-4o-mini']
    assert.deepEqual(
      names.filter(name => name != null && !configured.includes(name)),
      [],
      by,
    )
  }
})

test('H1 what a client writes freely is cut in its record', async () => {
  const alice = await world.token('alice')
  const answer = await call('/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21', alice, {
    model: 'm'.repeat(65_000),
    messages: ask('Hello'),
    max_tokens: 5,
  })
  assert.equal(answer.status, 200, answer.body.toString().slice(0, 200))
  const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.equal(record.requestedModel, 'm'.repeat(256))
  await settledRecords(world.house)
  await assertAlive(world)
})
