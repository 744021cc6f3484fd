/**
 * Groups that a token does not list, looked up in Microsoft Graph, against the simulated tenant and its Graph.
 * Otherwise a company whose callers can only request Azure's own audience, or are in more than 200 groups, could not
 * bind a workload to a group at all.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import type { Directory } from '../../packages/simulator/src/types.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { assertRefusal, assertRefused, errorOf } from '../support/refused.ts'
import { ask, type Scope, startWorld, type World, type WorldOptions } from '../support/world.ts'

const azureOpenAi = 'https://cognitiveservices.azure.com'
const own = 'api://gatehouse'
const deployments: Readonly<Record<string, string>> = { 'expert-finder': 'gpt-4o-mini' }

/** Longer than an answer of Graph is kept here, in ms. */
const forgottenMs = 61_000

interface GroupsWorld extends World {
  /** The time after which the gateway has forgotten tokens and groups. */
  pass(ms: number): void
  call(as: string, workload: string, audience?: string): Promise<RawAnswer>
}

type GraphInput = NonNullable<ConfigInput['identity']['entra']['graph']>

/**
 * A gateway that accepts Azure's own audience beside the company's. @param graph changes to its look-ups; null for
 * none.
 */
async function groupsWorld(
  t: Scope,
  graph: GraphInput | null = {},
  tenant: Directory = demoDirectory,
): Promise<GroupsWorld> {
  let passedMs = 0
  const change: WorldOptions['change'] = config => {
    const { entra } = config.identity
    const asked = graph === null ? {} : { graph: { endpoint: entra.authority ?? '', remember: '1m', ...graph } }
    return { ...config, identity: { entra: { ...entra, audiences: [own, azureOpenAi], ...asked } } }
  }
  const world = await startWorld(t, { change, tenant, parts: { identityClock: () => Date.now() + passedMs } })
  return {
    ...world,
    pass(ms) {
      passedMs += ms
    },
    async call(as, workload, audience = azureOpenAi) {
      const token = await world.entra.token({ as, audience, lifetimeSeconds: 7_200 })
      const deployment = deployments[workload] ?? 'gpt-4o'
      return send(world.url, {
        target: `/main/${workload}/openai/deployments/${deployment}/chat/completions?api-version=2024-10-21`,
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Content-Type', 'application/json'],
        ],
        body: JSON.stringify({ messages: ask('How many days of leave do I have?'), max_tokens: 5 }),
      })
    },
  }
}

function assertAnswered(answer: RawAnswer): void {
  assert.equal(answer.status, 200, answer.body.toString())
}

test('N-K1 groups of a person and of an application are looked up, once for all of their tokens', async t => {
  const world = await groupsWorld(t)
  const { entra } = world
  assertAnswered(await world.call('alice', 'hr-bot'))
  assertAnswered(await world.call('alice', 'hr-bot'))
  assert.equal(entra.graphReads, 1)
  // At the same time, too: the second waits for the answer to the first.
  const two = await Promise.all([world.call('carol', 'hr-bot'), world.call('carol', 'code-assistant')])
  two.forEach(assertAnswered)
  assert.equal(entra.graphReads, 2)
  assertAnswered(await world.call('nightly-summaries', 'code-assistant'))
  assert.equal(entra.graphReads, 3)
  await assertRefused(world.house.ledger, await world.call('dave', 'hr-bot'), 'caller_not_bound')
  await assertRefused(world.house.ledger, await world.call('alice', 'code-assistant'), 'caller_not_bound')
})

// An outage of Graph must not affect callers that do not need it.
test('N-K1 no group is looked up if a rule matches without groups or the token lists them', async t => {
  const world = await groupsWorld(t)
  world.entra.graphFault = { status: 503 }
  assertAnswered(await world.call('expert-finder-app', 'expert-finder'))
  assertAnswered(await world.call('alice', 'hr-bot', own))
  assert.equal(world.entra.graphReads, 0)
})

test('N-K1 more groups than a token holds are looked up', async t => {
  const many = Array.from({ length: 201 }, (_, at) => ({
    name: `group-${at}`,
    objectId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
  }))
  const crowded: Directory = {
    ...demoDirectory,
    groups: [...demoDirectory.groups, ...many],
    people: demoDirectory.people.map(person => ({
      ...person,
      groups: [...person.groups, ...many.map(one => one.name)],
    })),
  }
  const world = await groupsWorld(t, {}, crowded)
  assertAnswered(await world.call('alice', 'hr-bot', own))
  assertRefusal(await world.call('dave', 'hr-bot', own), 'caller_not_bound')
  assert.equal(world.entra.graphReads, 2)
})

test('N-K1 a person who left a group keeps it until the answer expires, and no longer', async t => {
  const [, ...others] = demoDirectory.people
  const [alice] = demoDirectory.people
  assert.ok(alice)
  const groups = ['hr-department']
  const world = await groupsWorld(t, {}, { ...demoDirectory, people: [{ ...alice, groups }, ...others] })
  assertAnswered(await world.call('alice', 'hr-bot'))
  groups.pop()
  assertAnswered(await world.call('alice', 'hr-bot'))
  world.pass(forgottenMs)
  assertRefusal(await world.call('alice', 'hr-bot'), 'caller_not_bound')
  groups.push('hr-department')
  world.pass(forgottenMs)
  assertAnswered(await world.call('alice', 'hr-bot'))
})

// "You may not" sends people to their administrator; the truth is that their groups are unknown.
test('N-K1 while Graph is down, throttles or refuses the gateway, a caller gets 503 and never 403; afterwards it works', async t => {
  const world = await groupsWorld(t)
  for (const fault of [{ status: 503 }, { status: 429, retryAfterSeconds: 30 }] as const) {
    world.entra.graphFault = fault
    const answer = await world.call('alice', 'hr-bot')
    await assertRefused(world.house.ledger, answer, 'groups_unavailable')
    const after = Number(answer.headers['retry-after'])
    assert.ok(after >= 1 && after <= 60, String(after))
    if (fault.status === 429) assert.ok(after >= 25, 'as long as Graph said')
    assert.equal(answer.headers['x-should-retry'], 'true')
    world.entra.graphFault = null
    world.pass(forgottenMs)
    assertAnswered(await world.call('alice', 'hr-bot'))
    world.pass(forgottenMs)
  }
})

test('N-K1 a gateway without the permission, and one that does not reach Graph, answer 503', async t => {
  const { applications } = demoDirectory
  const powerless = applications.map(({ graphPermissions: _, ...application }) => application)
  const refused = await groupsWorld(t, {}, { ...demoDirectory, applications: powerless })
  assertRefusal(await refused.call('alice', 'hr-bot'), 'groups_unavailable')
  assert.equal(refused.entra.graphReads, 1)
  const lost = await groupsWorld(t, { endpoint: 'http://127.0.0.1:9' })
  assertRefusal(await lost.call('alice', 'hr-bot'), 'groups_unavailable')
  // Its own callers with tokens that list their groups are still served.
  assertAnswered(await lost.call('alice', 'hr-bot', own))
})

// The most common mistake of a first production set-up: rules by group, tokens without groups.
test('N-K1 without look-ups the refusal says which claim the token lacks, and what it is for', async t => {
  const world = await groupsWorld(t, null)
  const answer = await world.call('alice', 'hr-bot')
  assertRefusal(answer, 'caller_not_bound')
  const { message } = errorOf(answer)
  assert.match(
    message,
    /for https:\/\/cognitiveservices\.azure\.com, has no "groups": .* tokens for that audience do not carry them/,
  )
  // Dave's token is for the right audience; he is in no group, and nothing shows that the registration is wrong.
  assert.match(
    errorOf(await world.call('dave', 'hr-bot', own)).message,
    /api:\/\/gatehouse, has no "groups": none is assigned to you, or/,
  )
  assertAnswered(await world.call('alice', 'hr-bot', own))
  // A token that lists groups, but not the right one, lacks nothing.
  const bob = errorOf(await world.call('bob', 'hr-bot', own)).message
  assert.doesNotMatch(bob, /"groups"/)
  assert.equal(world.entra.graphReads, 0)
})

// In any combination: members of the group are admitted, others are refused, and unknown callers are neither.
test('N-K1 property: answers follow the directory if it can be read, and are 503 if not', async t => {
  const world = await groupsWorld(t)
  const rules: Readonly<Record<string, string>> = { 'hr-bot': 'hr-department', 'code-assistant': 'engineering' }
  const subjects = [...demoDirectory.people, ...demoDirectory.applications.filter(row => row.name !== 'azure-cli')]
  const question = fc.record({
    subject: fc.constantFrom(...subjects),
    workload: fc.constantFrom('hr-bot', 'code-assistant', 'expert-finder'),
    audience: fc.constantFrom(own, azureOpenAi, `${azureOpenAi}/`),
    fault: fc.constantFrom(null, { status: 429, retryAfterSeconds: 2 } as const, { status: 503 } as const),
  })
  await fc.assert(
    fc.asyncProperty(question, async ({ subject, workload, audience, fault }) => {
      world.pass(forgottenMs)
      world.entra.graphFault = fault
      const group = rules[workload]
      const isBound = group === undefined ? subject.name === 'expert-finder-app' : subject.groups.includes(group)
      const isListed = audience === own && subject.groups.length > 0
      const { status } = await world.call(subject.name, workload, audience)
      const isUnknown = fault !== null && group !== undefined && !isListed
      assert.equal(status, isUnknown ? 503 : isBound ? 200 : 403)
    }),
    { numRuns: 40 },
  )
})
