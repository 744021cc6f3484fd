import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { inFrontOf, leaveAt, startWorkingBackend, type WorkingBackend } from '../support/background.ts'
import { type Random, randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import type { Scope } from '../support/world.ts'
import { type Surroundings, startGateway, startSurroundings } from './child.ts'
import { lastFirst, ledgerAfter } from './world.ts'

const kills = 4
const perRound = 8
const billed = { input: 12, output: 317 }

// Background work outlives the gateway that began it. A kill at any moment must neither make it free nor charge it
// twice.
test('H2 every background response is charged once, whenever the gateway is killed', async t => {
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const random = randomOf(seed)
  const scope = lastFirst(t)
  const working = await startWorkingBackend(scope)
  const around = await startSurroundings(scope, {
    change: config => ({
      ...inFrontOf(config, working.backend),
      objects: { unknown: 'allow', followUp: { first: '1s', every: '1s' } },
    }),
  })
  const token = await around.entra.token({ as: 'alice' })
  for (let round = 0; round < kills; round += 1) {
    const gateway = await startGateway(scope, around)
    const calls = Array.from({ length: perRound }, () => beginOne(gateway.url, token, random).catch(() => {}))
    const enough = working.works.size + 1 + random.below(perRound)
    let isOver = false
    const ended = Promise.all(calls).then(() => {
      isOver = true
    })
    while (!isOver && working.works.size < enough) await new Promise(resolve => setImmediate(resolve))
    // The kill can hit any byte of any of them.
    killAfter(() => gateway.kill('SIGKILL'), random.below(20_000))
    await ended
    gateway.kill('SIGKILL')
    await gateway.exited
    for (const id of working.works.keys()) if (random.chance(0.5)) working.finish(id, billed)
  }
  for (const id of working.works.keys()) working.finish(id, billed)
  const last = await startGateway(scope, around)
  await eventually('every known object has been polled', () => (isPollingOver(working) ? true : null), 60_000)
  last.kill('SIGTERM')
  assert.deepEqual(await last.exited, { code: 0, signal: null }, last.lines.join('\n'))
  t.diagnostic(await compare(scope, around, working))
})

async function beginOne(url: string, token: string, random: Random): Promise<void> {
  const stream = random.chance(0.6)
  const answer = await fetch(`${url}/up/w/openai/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5', background: true, stream, input: 'Plan a week in Lisbon' }),
  })
  if (stream) await leaveAt(answer, random.chance(0.5) ? 'response.created' : 'the castle')
  else await answer.text()
}

function killAfter(kill: () => void, turns: number): void {
  if (turns === 0) kill()
  else setImmediate(() => killAfter(kill, turns - 1))
}

/** True when there was no poll for a while: an object that no journal names cannot be polled. */
let pollsBefore = -1
let lastPollMs = 0
function isPollingOver({ backend }: WorkingBackend): boolean {
  const polls = backend.received.filter(({ method }) => method === 'GET').length
  if (polls !== pollsBefore) {
    pollsBefore = polls
    lastPollMs = performance.now()
  }
  return performance.now() - lastPollMs > 4_000
}

async function compare(scope: Scope, around: Surroundings, { works }: WorkingBackend): Promise<string> {
  const ledger = await ledgerAfter(scope, around.ledgerDirectory)
  const rows = await allRecords(ledger)
  assert.deepEqual(await ledger.owed(0), [], 'no charge is open')
  const begun = rows.filter(({ operation, sentAtMs, outcome }) => {
    return operation === 'responses' && (sentAtMs !== null || outcome === 'interrupted')
  })
  assert.ok(works.size > 0 && begun.length >= works.size, `${begun.length} records of ${works.size} works`)
  const charges = rows.filter(({ usage }) => usage.totalTokens !== null)
  const chargedFor = Map.groupBy(charges, ({ copyOf, id }) => copyOf ?? id)
  for (const { id, usage, objectId } of begun) {
    const own: readonly RecordRow[] = chargedFor.get(id) ?? []
    const what = `${id} ${usage.source} ${objectId}`
    assert.equal(own.length, 1, `charged once: ${what}`)
    assert.ok((own[0]?.usage.totalTokens ?? 0) >= billed.input + billed.output - 2, what)
  }
  const sources = Map.groupBy(charges, ({ usage }) => usage.source)
  return [...sources].map(([source, of]) => `${of.length} ${source}`).join(', ')
}
