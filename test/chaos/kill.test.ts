import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { type TestContext, test } from 'node:test'
import { type Random, randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually, soon } from '../support/wait.ts'
import type { Scope } from '../support/world.ts'
import { audit } from './audit.ts'
import { type GatewayProcess, type Surroundings, startGateway, startSurroundings, tokensOf } from './child.ts'
import { type Client, type Seen, send, sendAll } from './client.ts'
import { longPlan, type Plan, planOf } from './plans.ts'
import { lastFirst, ledgerAfter } from './world.ts'

const kills = 10
const atOnce = 24

// A gateway dies of full memory, a pulled plug or an impatient operator. Everything that its backends have billed by
// then must still be in the ledger, or somebody pays for calls that nobody can explain.
test('P1 every billed call has exactly one record after ten kills in the middle of a run', async t => {
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const random = randomOf(seed)
  const scope = lastFirst(t)
  const around = await startSurroundings(scope)
  const tokens = await tokensOf(around.entra)
  const plans = endlessPlans(random)
  const seen: Seen[] = []
  for (let round = 0; round < kills; round += 1) {
    const gateway = await startGateway(scope, around)
    const agent = new Agent({ keepAlive: true })
    const end = endOf(random, round)
    let begun = 0
    let answered = 0
    await sendAll(
      plans,
      atOnce,
      async plan => {
        begun += 1
        if (begun === end.afterBegun) signalAfter(gateway, end.signal, end.turns)
        seen.push(await send({ url: gateway.url, agent, tokens }, plan))
        if (begun >= end.afterBegun) answered += 1
        if (answered === end.afterAnswered) gateway.kill('SIGKILL')
      },
      () => begun < end.afterBegun,
    )
    agent.destroy()
    gateway.kill('SIGKILL')
    await gateway.exited
    assert.deepEqual(errorsOf(gateway), [], `round ${round}`)
  }
  // The last gateway is not killed: it recovers what the others left, works, and stops cleanly.
  const last = await startGateway(scope, around)
  const agent = new Agent({ keepAlive: true })
  const client: Client = { url: last.url, agent, tokens }
  await sendAll(plans.take(20), 8, async plan => void seen.push(await send(client, plan)))
  const heads: Promise<void>[] = []
  const inFlight: Promise<Seen>[] = []
  const isInFlight = (): boolean => around.bill().some(line => !line.ended)
  // On a busy machine the first answers may have ended by the time the last one begins.
  for (let number = 0; number < 12 || !isInFlight(); number += 1) {
    assert.ok(number < 200, 'none of 200 long answers was in flight when it had begun')
    const head = Promise.withResolvers<void>()
    inFlight.push(send(client, longPlan(random, 1e6 + number), head.resolve))
    heads.push(head.promise)
    if (number >= 11) await soon('the heads of all streams', Promise.all(heads))
  }
  last.kill('SIGTERM')
  const finished = await Promise.all(inFlight)
  assert.deepEqual(new Set(finished.map(one => one.ended)), new Set(['whole']), 'P12 what is in flight is finished')
  seen.push(...finished)
  agent.destroy()
  assert.deepEqual(await last.exited, { code: 0, signal: null }, last.lines.join('\n'))
  await eventually('every line of the bill has ended', () => (around.bill().every(line => line.ended) ? true : null))
  await compare(t, scope, around, seen)
})

interface End {
  /** The signal follows this call, this many turns of the event loop after the call was begun. */
  readonly afterBegun: number
  readonly turns: number
  readonly signal: NodeJS.Signals
  /** For a graceful stop: it is killed after all when this many of the calls then in flight have ended. */
  readonly afterAnswered: number
}

function endOf(random: Random, round: number): End {
  const graceful = round % 3 === 2
  return {
    afterBegun: 40 + random.below(100),
    turns: random.below(60),
    signal: graceful ? 'SIGTERM' : 'SIGKILL',
    afterAnswered: graceful ? 1 + random.below(8) : Number.POSITIVE_INFINITY,
  }
}

function signalAfter(gateway: GatewayProcess, signal: NodeJS.Signals, turns: number): void {
  if (turns === 0) gateway.kill(signal)
  else setImmediate(() => signalAfter(gateway, signal, turns - 1))
}

function* endlessPlans(random: Random): Generator<Plan, void> {
  for (let number = 0; ; number += 1) yield random.chance(0.3) ? longPlan(random, number) : planOf(random, number)
}

/**
 * Lines of the log that no kill excuses. An instance that refuses the gateway's credential is none of them: some plans
 * cause it.
 */
function errorsOf({ lines }: GatewayProcess): readonly string[] {
  return lines.filter(line => /"level":"error"|Warning/.test(line) && !line.includes('"msg":"credential_refused"'))
}

async function compare(t: TestContext, scope: Scope, around: Surroundings, seen: readonly Seen[]): Promise<void> {
  const ledger = await ledgerAfter(scope, around.ledgerDirectory)
  const rows = await allRecords(ledger)
  const bill = around.bill()
  const found = await audit({ seen, rows, bodies: id => ledger.bodies(id), bill, killed: true })
  const interrupted = rows.filter(row => row.outcome === 'interrupted')
  const spoken = interrupted.filter(row => (row.usage.completionTokens ?? 0) > 0)
  t.diagnostic(
    `${seen.length} calls, ${bill.length} billed, ${rows.length} records, ${interrupted.length} interrupted (${spoken.length} in mid-answer)`,
  )
  assert.equal(found.faults.length, 0, `${found.faults.length} disagree:\n${found.faults.slice(0, 20).join('\n')}`)
  // Kills that interrupt nothing prove nothing.
  assert.ok(interrupted.length >= kills, `only ${interrupted.length} exchanges were interrupted`)
  assert.ok(spoken.length > 0, 'no exchange was interrupted after the gateway had written a part of its answer')
}
