import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { choose, shortestWaitMs } from './choose.ts'
import type { Instance } from './index.ts'
import { laneOf, testInstance, testPool } from './instance.fixture.ts'
import { candidatesFor, singleOf, type Target } from './pool.ts'

interface Asking {
  readonly deployment?: string | null
  readonly nowMs?: number
  readonly tried?: readonly Instance[]
  readonly prefixHash?: number
}

function chosen(target: Target, asking: Asking = {}): string | null {
  const { deployment = 'gpt-4o', nowMs = 1_000_000, tried = null, prefixHash = -1 } = asking
  const candidates = candidatesFor(target, deployment)
  return candidates === null ? null : (choose(target, candidates, { nowMs, tried, prefixHash })?.instance.name ?? null)
}

/** Number of choices of each member. */
function shares(target: Target, calls: number, asking: Asking = {}): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let call = 0; call < calls; call += 1) {
    const name = chosen(target, asking) ?? 'nobody'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

const throttle = (instance: Instance, retryAfterMs: number, nowMs = 1_000_000): void => {
  const attempt = laneOf(instance).begin(nowMs)
  attempt.answered(429, { 'retry-after-ms': String(retryAfterMs) }, nowMs)
  attempt.end(nowMs)
}

test('an instance is a target of its own', () => {
  const single = singleOf(testInstance('one'))
  assert.equal(chosen(single), 'one')
  assert.equal(chosen(single, { deployment: 'gpt-5' }), null)
  assert.equal(chosen(single, { deployment: null }), 'one')
})

test('a lower priority serves only where no higher one has the deployment, or all higher ones are paused', () => {
  const [ptu, spill] = [testInstance('ptu'), testInstance('spill', ['gpt-4o', 'o1'])]
  const target = testPool([
    { instance: spill, priority: 2 },
    { instance: ptu, priority: 1 },
  ])
  assert.deepEqual(shares(target, 5), { ptu: 5 })
  assert.equal(chosen(target, { deployment: 'o1' }), 'spill')
  assert.equal(chosen(target, { deployment: 'gpt-5' }), null)
  throttle(ptu, 5_000)
  assert.deepEqual(shares(target, 5), { spill: 5 })
  assert.equal(chosen(target, { nowMs: 1_005_000 }), 'ptu')
})

// An operator drains an instance because it must not get calls: one that still does fails in the middle of the work.
test('a drained member is not chosen, whatever its priority, and nobody waits for it', () => {
  const [one, two] = [testInstance('one'), testInstance('two')]
  const target = testPool([{ instance: one }, { instance: two, priority: 2 }])
  const { gate } = laneOf(one)
  gate.drained = { sinceMs: 1_000_000, by: 'alice' }
  assert.deepEqual(shares(target, 5), { two: 5 })
  throttle(two, 5_000)
  assert.equal(chosen(target), null)
  const candidates = candidatesFor(target, 'gpt-4o') ?? assert.fail()
  const hints = { nowMs: 1_000_000, tried: null, prefixHash: -1 }
  assert.equal(shortestWaitMs(candidates, hints), 5_000)
  gate.drained = null
  assert.equal(chosen(target), 'one')
})

test('a pool whose members are all paused chooses none, and says for how long', () => {
  const [one, two] = [testInstance('one'), testInstance('two')]
  const target = testPool([{ instance: one }, { instance: two }])
  throttle(one, 5_000)
  throttle(two, 3_000)
  assert.equal(chosen(target), null)
  const candidates = candidatesFor(target, 'gpt-4o')
  assert.ok(candidates)
  assert.equal(shortestWaitMs(candidates, { nowMs: 1_000_000, tried: null, prefixHash: -1 }), 3_000)
  assert.equal(shortestWaitMs(candidates, { nowMs: 1_000_000, tried: [two], prefixHash: -1 }), 5_000)
  assert.equal(shortestWaitMs(candidates, { nowMs: 1_000_000, tried: [one, two], prefixHash: -1 }), null)
})

test('P11 a member that was tried is not chosen again', () => {
  const members = ['one', 'two', 'three'].map(name => testInstance(name))
  const target = testPool(members.map((instance, at) => ({ instance, priority: 1 + (at % 2) })))
  const tried: Instance[] = []
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const name = chosen(target, { tried })
    const found = members.find(one => one.name === name)
    assert.ok(found && !tried.includes(found))
    tried.push(found)
  }
  assert.equal(chosen(target, { tried }), null)
})

test('a call without a deployment goes to the first member', () => {
  const target = testPool([{ instance: testInstance('one') }, { instance: testInstance('two') }])
  assert.deepEqual(shares(target, 5, { deployment: null }), { one: 5 })
})

test('a deployment with another name on a member is found under its alias', () => {
  const ptu = testInstance('ptu', [['gpt-4o-ptu', 'provisioned']])
  const target = testPool([{ instance: ptu, aliases: { 'gpt-4o': 'gpt-4o-ptu' } }, { instance: testInstance('two') }])
  const candidates = candidatesFor(target, 'gpt-4o')
  assert.deepEqual(
    candidates?.all.map(({ alias, lane }) => [alias, lane.deployment]),
    [
      ['gpt-4o-ptu', 'gpt-4o-ptu'],
      [null, 'gpt-4o'],
    ],
  )
})

test('idle members share calls exactly by their weights over each round', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
  const strategy = fc.constantFrom('weighted', 'least-loaded')
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 4 }), strategy, (each, rounds, by) => {
      const target = testPool(
        each.map((weight, at) => ({ instance: testInstance(`i${at}`), weight })),
        { strategy: by as 'weighted' },
      )
      const total = each.reduce((sum, weight) => sum + weight, 0)
      const counts = shares(target, total * rounds)
      assert.deepEqual(
        each.map((_, at) => counts[`i${at}`] ?? 0),
        each.map(weight => weight * rounds),
      )
    }),
    { numRuns: 50 },
  )
})

test('least-loaded: the member with the fewest calls in flight for its weight is always chosen', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 200 }), steps => {
      const members = [1, 3].map((weight, at) => ({ instance: testInstance(`i${at}`), weight }))
      const target = testPool(members, { strategy: 'least-loaded' })
      const load = ({ instance, weight }: (typeof members)[number]): number => laneOf(instance).inFlight / weight
      const underWay: (() => void)[] = []
      for (const step of steps) {
        if (step < 3) underWay.shift()?.()
        const name = chosen(target)
        const member = members.find(({ instance }) => instance.name === name)
        assert.ok(member)
        assert.equal(load(member), Math.min(...members.map(load)))
        const attempt = laneOf(member.instance).begin(0)
        underWay.push(() => attempt.end(0))
      }
    }),
    { numRuns: 50 },
  )
})

test('weighted: calls in flight, less free capacity and slow answers each reduce a member’s share', () => {
  const answer = (instance: Instance, ms: number, headers: Record<string, string>): void => {
    const attempt = laneOf(instance).begin(1_000_000 - ms)
    attempt.answered(200, headers, 1_000_000)
    attempt.end(1_000_000)
  }
  const pair = () => {
    const [a, b] = [testInstance('a'), testInstance('b')]
    return { a, b, target: testPool([{ instance: a }, { instance: b }]) }
  }
  const busy = pair()
  for (let call = 0; call < 3; call += 1) laneOf(busy.a).begin(0)
  assert.deepEqual(shares(busy.target, 50), { a: 10, b: 40 })
  const full = pair()
  answer(full.a, 10, { 'x-ratelimit-remaining-tokens': '1000' })
  answer(full.b, 10, { 'x-ratelimit-remaining-tokens': '9000' })
  assert.deepEqual(shares(full.target, 50), { a: 5, b: 45 })
  const slow = pair()
  answer(slow.a, 800, {})
  answer(slow.b, 100, {})
  assert.deepEqual(shares(slow.target, 50), { a: 10, b: 40 })
  const alike = pair()
  answer(alike.a, 150, {})
  answer(alike.b, 100, {})
  assert.deepEqual(shares(alike.target, 50), { a: 25, b: 25 }, 'differences of the calls’ own')
})

test('round-robin takes turns under any load; lowest-latency takes the fastest, and tries members without a latency', () => {
  const [a, b] = [testInstance('a'), testInstance('b')]
  const underWay = laneOf(a).begin(0)
  const members = [
    { instance: a, weight: 5 },
    { instance: b, weight: 1 },
  ]
  assert.deepEqual(shares(testPool(members, { strategy: 'round-robin' }), 10), { a: 5, b: 5 })
  underWay.end(0)
  const target = testPool(members, { strategy: 'lowest-latency' })
  laneOf(a).latency.add(100, 1_000_000)
  assert.equal(chosen(target), 'b', 'not known yet')
  laneOf(b).latency.add(40, 1_000_000)
  assert.deepEqual(shares(target, 9), { b: 9 })
  assert.equal(chosen(target, { nowMs: 1_061_000 }), 'a', 'after a minute nothing is known of either')
})

// The prompt cache belongs to the instance: a conversation that moves pays for its whole beginning again.
test('prompts that begin alike stay on one member, and when a member drops out only its calls move', () => {
  const members = ['a', 'b', 'c', 'd'].map(name => testInstance(name))
  const target = testPool(
    members.map(instance => ({ instance })),
    { affinity: {} },
  )
  fc.assert(
    fc.property(fc.nat(0xffffffff), prefixHash => {
      const first = chosen(target, { prefixHash })
      assert.equal(chosen(target, { prefixHash }), first)
      const gone = members.find(({ name }) => name !== first)
      assert.ok(gone)
      assert.equal(chosen(target, { prefixHash, tried: [gone] }), first)
    }),
    { numRuns: 200 },
  )
  const counts: Record<string, number> = {}
  for (let n = 0; n < 4_000; n += 1) {
    const name = chosen(target, { prefixHash: Math.imul(n, 0x9e3779b1) >>> 0 }) ?? ''
    counts[name] = (counts[name] ?? 0) + 1
  }
  for (const { name } of members) assert.ok(Math.abs((counts[name] ?? 0) - 1_000) < 150, JSON.stringify(counts))
  const popular = chosen(target, { prefixHash: 7 })
  const drowned = members.find(({ name }) => name === popular)
  assert.ok(drowned)
  for (let call = 0; call < 8; call += 1) laneOf(drowned).begin(0)
  assert.notEqual(chosen(target, { prefixHash: 7 }), popular, 'a popular prompt must not drown its member')
})

function provisioned() {
  const [ptu, paygo] = [testInstance('ptu', [['gpt-4o', 'provisioned']]), testInstance('paygo')]
  const target = testPool([
    { instance: ptu, spillAtUtilization: 0.9 },
    { instance: paygo, priority: 2 },
  ])
  const read = (percent: number, nowMs: number): void => {
    const attempt = laneOf(ptu).begin(nowMs)
    attempt.answered(200, { 'azure-openai-deployment-utilization': `${percent}%` }, nowMs)
    attempt.end(nowMs)
  }
  return { ptu, paygo, target, read }
}

// Provisioned capacity is paid for whether it is used or not; a 429 is a failed call for a client that does not retry.
test('a provisioned member spills from its mark on, before a 429, and gets calls again below the lower mark', () => {
  const { target, ptu, read } = provisioned()
  assert.deepEqual(shares(target, 3), { ptu: 3 }, 'nothing is known')
  read(89, 1_000_000)
  assert.equal(chosen(target, { nowMs: 1_000_100 }), 'ptu')
  read(91, 1_000_200)
  assert.equal(chosen(target, { nowMs: 1_000_300 }), 'paygo')
  assert.equal(laneOf(ptu).state(1_000_300).spilling, true)
  read(85, 1_000_400)
  assert.equal(chosen(target, { nowMs: 1_000_500 }), 'paygo', 'between the marks nothing changes')
  read(79, 1_000_600)
  assert.equal(chosen(target, { nowMs: 1_000_700 }), 'ptu')
})

// Without readings a spilling member would never get calls again. On a small deployment, test calls alone could use it
// up.
test('while a member spills it gets one test call per second, and fewer while its utilisation does not fall', () => {
  const looks = (target: Target, fromMs: number): number[] => {
    const at: number[] = []
    for (let ms = 0; ms < 10_000; ms += 100) if (chosen(target, { nowMs: fromMs + ms }) === 'ptu') at.push(ms / 1_000)
    return at
  }
  const draining = provisioned()
  draining.read(98, 1_000_000)
  draining.read(97.9, 1_001_000)
  assert.deepEqual(looks(draining.target, 1_001_000), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  const full = provisioned()
  full.read(98, 1_000_000)
  full.read(99, 1_001_000)
  assert.deepEqual(looks(full.target, 1_001_000), [0, 2, 6])
})

test('a spilling member is chosen when the next priority is paused', () => {
  const { target, paygo, read } = provisioned()
  read(95, 1_000_000)
  assert.equal(chosen(target, { nowMs: 1_000_000 }), 'ptu', 'the first look')
  throttle(paygo, 5_000)
  assert.equal(chosen(target, { nowMs: 1_000_001 }), 'ptu')
})
