import assert from 'node:assert/strict'
import { Agent, IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { queryObjects } from 'node:v8'
import { type Random, randomOf, seedOfRun } from '../support/random.ts'
import { eventually } from '../support/wait.ts'
import { startWorld } from '../support/world.ts'
import { tokensOf } from './child.ts'
import { send, sendAll } from './client.ts'
import { longPlan, type Plan, plain, planOf } from './plans.ts'
import { listenersOf, watchSockets } from './sockets.ts'
import { chaosConfig, chaosDeployments, collectWarnings, lastFirst, warmUp } from './world.ts'

const atOnce = 64
const calls = 1_400
/**
 * Requests and answers that may still be held at the end: the last ones of a connection or list, while thousands of
 * objects were made.
 */
const heldMax = 16

// A gateway runs for months. Whatever a disconnecting or a refused client leaves in memory adds up to an outage for all
// others.
test('P9 1,400 aborted and refused calls leave no call, connection, listener or memory behind', async t => {
  const scope = lastFirst(t)
  const warnings = collectWarnings(scope)
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const sockets = watchSockets(scope)
  const world = await startWorld(scope, { change: chaosConfig, azure: { deployments: chaosDeployments, seed: 7 } })
  await warmUp([world.one, world.two])
  const tokens = await tokensOf(world.entra)
  const gatewayPort = portOf(world.url)
  const backends = [world.one, world.two]
  const backendSockets = () => backends.flatMap(({ url }) => sockets.to(portOf(url)))
  const random = randomOf(seed)

  const agent = new Agent({ keepAlive: true })
  await sendAll(unlucky(random), atOnce, async plan => void (await send({ url: world.url, agent, tokens }, plan)))
  agent.destroy()
  await eventually('nothing is in flight', () => (world.house.gateway.inFlight === 0 ? true : null))
  await eventually('no client is connected', () => (sockets.on(gatewayPort).length === 0 ? true : null))
  await eventually('no backend is working', () =>
    backends.every(backend => backend.bill().every(line => line.ended)) ? true : null,
  )

  const idle = backendSockets()
  await world.house.ledger.caughtUp()
  const held = [IncomingMessage, ServerResponse].map(countLive)
  t.diagnostic(`${idle.length} idle connections to backends; ${held.join(' and ')} requests and answers held`)
  assert.ok(idle.length <= backends.length * atOnce, `${idle.length} connections to backends are open`)
  assert.deepEqual(idle.filter(socket => listenersOf(socket) > 30).map(listenersOf), [])
  assert.ok(
    held.every(count => count <= heldMax),
    `${held.join(' and ')} requests and answers are still held`,
  )
  assert.equal(world.house.recordsLost, 0)
  assert.deepEqual(warnings, [])
})

// A client that keeps its connection is served by the same socket for hours: a listener per call would slow it down and
// then warn.
test('P9 a connection has as many listeners after two hundred calls as after ten', async t => {
  const scope = lastFirst(t)
  const warnings = collectWarnings(scope)
  const sockets = watchSockets(scope)
  const world = await startWorld(scope, { change: chaosConfig, azure: { deployments: chaosDeployments, seed: 7 } })
  const tokens = await tokensOf(world.entra)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  scope.after(() => agent.destroy())
  const call = (plan: Plan) => send({ url: world.url, agent, tokens }, plan)
  const round = async (calls: number): Promise<readonly number[]> => {
    for (let number = 0; number < calls; number += 1) {
      await call(number % 2 === 0 ? plain('leak') : { ...plain('leak'), as: 'dave' })
    }
    const backend = [world.one, world.two].flatMap(({ url }) => sockets.to(portOf(url)))
    const client = sockets.on(portOf(world.url))
    assert.equal(client.length, 1, 'all calls went over one connection')
    return [...client, ...backend].map(listenersOf)
  }
  const early = await round(10)
  assert.deepEqual(await round(190), early)
  assert.deepEqual(warnings, [])
})

/**
 * Calls that disconnect or are refused. The mark is the same for all: the ledger's dictionary of user agents is meant
 * to grow with new ones.
 */
function* unlucky(random: Random): Generator<Plan, void> {
  for (let made = 0; made < calls; ) {
    const plan = random.chance(0.05) ? longPlan(random, 0) : planOf(random, 0)
    const leave = plan.leave ?? { at: 'bytes', bytes: 1 + random.below(3_000) }
    if (plan.refusal === null && random.chance(0.3)) continue
    yield { ...plan, mark: 'leak', leave: plan.refusal === null ? leave : null }
    made += 1
  }
}

/** How many objects of a class are still held after a garbage collection. Takes seconds. */
function countLive(one: { readonly name: string }): number {
  return queryObjects(one as unknown as () => unknown, { format: 'count' })
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
