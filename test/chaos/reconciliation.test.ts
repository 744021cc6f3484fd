import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { startWorld } from '../support/world.ts'
import { audit } from './audit.ts'
import { tokensOf } from './child.ts'
import { type Client, type Seen, send, sendAll } from './client.ts'
import { planOf } from './plans.ts'
import { chaosConfig, chaosDeployments, collectWarnings, lastFirst, warmUp } from './world.ts'

const calls = 5_000
const atOnce = 64

// People are charged by the ledger, and auditors read it: a call that is missing, doubled or miscounted under load,
// faults and disconnects harms those who pay for it.
test('P1 ledger and bill are equal call by call after 5,000 mixed calls with faults and clients that disconnect', async t => {
  const scope = lastFirst(t)
  const warnings = collectWarnings(scope)
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const world = await startWorld(scope, { change: chaosConfig, azure: { deployments: chaosDeployments, seed: 7 } })
  await warmUp([world.one, world.two])
  const client: Client = { url: world.url, agent: new Agent({ keepAlive: true }), tokens: await tokensOf(world.entra) }
  scope.after(() => client.agent.destroy())

  const random = randomOf(seed)
  const plans = Array.from({ length: calls }, (_, number) => planOf(random, number, { thinks: true }))
  const seen: Seen[] = []
  const started = performance.now()
  const waiting = plans.values()
  // One by one at first: the first calls load tokenizers and open connections without load.
  await sendAll(waiting.take(20), 1, async plan => void seen.push(await send(client, plan)))
  await sendAll(waiting, atOnce, async plan => void seen.push(await send(client, plan)))
  t.diagnostic(`${calls} calls in ${((performance.now() - started) / 1_000).toFixed(1)} s`)

  const bill = () => [...world.one.bill(), ...world.two.bill()]
  await eventually('nothing is in flight', () =>
    world.house.gateway.inFlight === 0 && bill().every(line => line.ended) ? true : null,
  )
  const rows = await allRecords(world.house.ledger)
  const found = await audit({ seen, rows, bodies: id => world.house.ledger.bodies(id), bill: bill() })
  t.diagnostic(`compared in ${((performance.now() - started) / 1_000).toFixed(1)} s: ${describe(found.tally)}`)

  assert.equal(
    found.faults.length,
    0,
    `${found.faults.length} of ${calls} disagree:\n${found.faults.slice(0, 20).join('\n')}`,
  )
  assert.equal(world.house.recordsLost, 0)
  // A run in which nothing happened proves nothing.
  for (const kind of ['completed', 'refused', 'failed', 'aborted', 'reported', 'counted', 'bounded']) {
    assert.ok((found.tally.get(kind) ?? 0) > calls / 100, `hardly any call was ${kind}`)
  }
  assert.deepEqual(warnings, [])
})

function describe(tally: ReadonlyMap<string, number>): string {
  return [...tally].map(([kind, count]) => `${count} ${kind}`).join(', ')
}
