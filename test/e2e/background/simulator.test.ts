/** The ledger and the bill of the simulated instances agree on background work that no client reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chargedOf, leaveAt } from '../../support/background.ts'
import { person } from '../../support/objects.ts'
import { settledRecords } from '../../support/records.ts'
import { eventually } from '../../support/wait.ts'
import { fastDeployments, startWorld } from '../../support/world.ts'

const plan = { model: 'gpt-4o', background: true, max_output_tokens: 40, input: 'Plan a week in Lisbon' }

test('F2 H2 the ledger charges what the instances bill for background work that no client reads', async t => {
  const world = await startWorld(t, {
    // So slow that the client leaves the stream while the work continues, also where all cores are busy.
    deployments: { ...fastDeployments, 'gpt-4o': { model: 'gpt-4o', timeToFirstTokenMs: 4_000, tokensPerSecond: 100 } },
    change: config => ({ ...config, objects: { followUp: { first: '1s', every: '1s' } } }),
  })
  const alice = await person(world)
  const token = await world.token('alice')
  const stream = await fetch(`${world.url}/main/hr-bot/openai/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...plan, stream: true }),
  })
  await leaveAt(stream, 'response.created')
  assert.equal((await alice.call('POST', 'responses', plan)).status, 200)
  const line = JSON.stringify({
    custom_id: 'a',
    method: 'POST',
    url: '/chat/completions',
    body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 20 },
  })
  const { id: input } = await alice.upload(line, 'batch')
  const batch = { input_file_id: input, endpoint: '/chat/completions', completion_window: '24h' }
  assert.equal((await alice.call('POST', 'batches', batch)).status, 200)
  const begun = (await settledRecords(world.house)).filter(({ usage }) => usage.source === 'owed')
  assert.equal(begun.length, 3)
  await eventually('no charge is open', async () => ((await world.house.ledger.owed(0)).length === 0 ? true : null))
  const records = await settledRecords(world.house)
  const bill = [...world.one.bill(), ...world.two.bill()]
  const billed = bill.reduce((sum, one) => sum + one.promptTokens + one.completionTokens, 0)
  assert.ok(billed > 60, `${billed} billed`)
  const ofBatch = records.filter(({ operation }) => operation === 'batches/{id}')
  // The usage of a batch is in its own object, not in the bill of calls.
  assert.equal(chargedOf(records) - chargedOf(ofBatch), billed)
  assert.ok(chargedOf(ofBatch) > 20)
  const charges = records.filter(({ usage }) => usage.totalTokens !== null)
  assert.deepEqual(
    charges.map(({ copyKind, usage }) => [copyKind, usage.source]),
    Array.from({ length: 3 }, () => ['follow_up', 'reported']),
  )
})
