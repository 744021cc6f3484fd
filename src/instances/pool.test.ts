import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configSchema } from '../config/schema.ts'
import { type Instance, openInstance } from './index.ts'
import { chooseMember, poolOf, singleOf, type Target } from './pool.ts'

const timeouts = configSchema.shape.gateway.parse({}).timeouts

function instance(name: string, deployments: readonly string[] = ['gpt-4o']): Instance {
  const written = configSchema.shape.instances.parse({
    [name]: {
      endpoint: 'http://127.0.0.1:9',
      credential: { key: 'a-key-that-is-long-enough' },
      deployments: Object.fromEntries(deployments.map(deployment => [deployment, { model: deployment }])),
    },
  })[name]
  assert.ok(written)
  return openInstance(name, written, timeouts, { clock: Date.now })
}

type Written = readonly { instance: Instance; priority?: number; weight?: number }[]

function pool(members: Written): Target {
  const written = members.map(({ instance: { name }, priority = 1, weight = 1 }) => ({
    instance: name,
    priority,
    weight,
  }))
  return poolOf('main', written, new Map(members.map(({ instance: one }) => [one.name, one])))
}

const chosen = (target: Target, deployment: string | null = 'gpt-4o', stateful = false): string | null =>
  chooseMember(target, deployment, stateful)?.instance.name ?? null

test('an instance is a target of its own', () => {
  const single = singleOf(instance('one'))
  assert.equal(chosen(single), 'one')
  assert.equal(chosen(single, 'gpt-5'), null)
  assert.equal(chosen(single, null, true), 'one')
})

test('a higher priority serves alone; a lower one only where the deployment is nowhere else', () => {
  const target = pool([
    { instance: instance('spill', ['gpt-4o', 'o1']), priority: 2 },
    { instance: instance('ptu'), priority: 1 },
  ])
  for (let call = 0; call < 5; call += 1) assert.equal(chosen(target), 'ptu')
  assert.equal(chosen(target, 'o1'), 'spill')
  assert.equal(chosen(target, 'gpt-5'), null)
})

// A stored response or a file lives where it was made: elsewhere it is a 404.
test('operations on stored objects always go to the first member', () => {
  const target = pool([{ instance: instance('one') }, { instance: instance('two') }])
  for (let call = 0; call < 5; call += 1) {
    assert.equal(chosen(target, null, true), 'one')
    assert.equal(chosen(target, 'gpt-4o', true), 'one')
  }
})

test('the member with the fewest calls for its weight is chosen', () => {
  const [busy, idle] = [instance('busy'), instance('idle')]
  busy.inFlight = 3
  idle.inFlight = 2
  assert.equal(chosen(pool([{ instance: busy }, { instance: idle }])), 'idle')
  assert.equal(chosen(pool([{ instance: busy, weight: 4 }, { instance: idle }])), 'busy')
})

test('idle members share calls by their weights, exactly over each round', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 4 }), (each, rounds) => {
      const members = each.map((weight, at) => ({ instance: instance(`i${at}`), weight }))
      const target = pool(members)
      const counts = new Map<string | null, number>()
      const total = each.reduce((sum, weight) => sum + weight, 0)
      for (let call = 0; call < total * rounds; call += 1) {
        const name = chosen(target)
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      assert.deepEqual(
        members.map(({ instance: { name } }) => counts.get(name)),
        each.map(weight => weight * rounds),
      )
    }),
    { numRuns: 50 },
  )
})

test('calls under way are spread by weight, however they come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 200 }), steps => {
      const members = [1, 3].map((weight, at) => ({ instance: instance(`i${at}`), weight }))
      const target = pool(members)
      const underWay: Instance[] = []
      for (const step of steps) {
        const ended = step < 3 ? underWay.shift() : undefined
        if (ended) ended.inFlight -= 1
        const member = chooseMember(target, 'gpt-4o', false)
        assert.ok(member)
        const least = Math.min(...target.members.map(one => one.instance.inFlight / one.weight))
        assert.equal(member.instance.inFlight / member.weight, least)
        member.instance.inFlight += 1
        underWay.push(member.instance)
      }
    }),
    { numRuns: 50 },
  )
})
