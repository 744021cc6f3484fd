import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Instance } from '../../../instances/index.ts'
import { laneOf, testInstance, testPool } from '../../../instances/instance.fixture.ts'
import { type Candidate, candidatesFor } from '../../../instances/pool.ts'
import { Refusal } from '../../refusals.ts'
import { TargetMembers } from './members.ts'

interface Choice {
  readonly attemptsMax?: number
  /** Name of the member where the objects of the call live. */
  readonly home?: string
  readonly mayLeaveHome?: boolean
}

function membersOf(instances: readonly Instance[], { attemptsMax = 3, home, mayLeaveHome = false }: Choice = {}) {
  const written = instances.map((instance, at) => ({ instance, priority: at + 1 }))
  const target = testPool(written, { attempts: attemptsMax })
  const candidates = candidatesFor(target, 'gpt-4o')
  assert.ok(candidates)
  const atHome = candidates.all.find(({ instance }) => instance.name === home) ?? null
  return new TargetMembers({ target, candidates, home: atHome, mayLeaveHome, prefixHash: -1, clock: () => nowMs })
}

const nowMs = 1_000_000
const [notGivenUp, lacking] = [
  { givenUp: null, lacksState: false },
  { givenUp: null, lacksState: true },
]

/** Names of the members in the order in which they are tried, when all of them refuse. */
function triedOf(members: TargetMembers, soFar = notGivenUp): string[] {
  const names: string[] = []
  for (let next = members.next(null); next !== null; next = members.next(soFar)) {
    members.choose(next)
    members.send()
    names.push(next.instance.name)
  }
  return names
}

function close(instance: Instance, retryAfterMs: number): void {
  const attempt = laneOf(instance).begin(nowMs)
  attempt.answered(429, { 'retry-after-ms': String(retryAfterMs) }, nowMs)
  attempt.end(nowMs)
}

const three = () => [testInstance('one'), testInstance('two'), testInstance('three')]

test('each member is tried once, in order, and not more of them than the pool allows', () => {
  assert.deepEqual(triedOf(membersOf(three())), ['one', 'two', 'three'])
  assert.deepEqual(triedOf(membersOf(three(), { attemptsMax: 2 })), ['one', 'two'])
})

test('a member without room is not tried, and does not count as an attempt', () => {
  const members = membersOf(three(), { attemptsMax: 1 })
  const first = members.next(null)
  assert.ok(first)
  members.choose(first)
  assert.equal(members.next(null)?.instance.name, 'two')
})

test('nothing is tried after a call was given up', () => {
  const members = membersOf(three())
  assert.equal(members.next({ givenUp: new Error('left'), lacksState: false }), null)
})

// An object lives on one instance: another one would answer that it does not exist.
test('a call whose objects live on one member goes only there, even while it is out of use', () => {
  const [one, two] = three() as [Instance, Instance, Instance]
  close(two, 60_000)
  const members = membersOf([one, two], { home: 'two' })
  assert.ok(members.hasHome)
  assert.deepEqual(triedOf(members), ['two'])
  assert.equal(members.mayReplay, false)
})

test('a call that may leave its home goes there first while it takes calls, and to the others otherwise', () => {
  const [one, two] = three() as [Instance, Instance, Instance]
  assert.deepEqual(triedOf(membersOf([one, two], { home: 'two', mayLeaveHome: true })), ['two', 'one'])
  close(two, 60_000)
  assert.deepEqual(triedOf(membersOf([one, two], { home: 'two', mayLeaveHome: true })), ['one'])
})

test('a member that is out of use is tried where another one lacks what it made', () => {
  const [one, two] = three() as [Instance, Instance, Instance]
  close(two, 60_000)
  assert.deepEqual(triedOf(membersOf([one, two]), notGivenUp), ['one'])
  assert.deepEqual(triedOf(membersOf([one, two]), lacking), ['one', 'two'])
})

test('another member may follow while one is left and the pool allows it', () => {
  const members = membersOf(three(), { attemptsMax: 2 })
  const states: boolean[] = []
  for (const next of [members.next(null), members.next(null)]) {
    members.choose(next as Candidate)
    members.send()
    states.push(members.mayReplay)
  }
  assert.deepEqual(states, [true, false])
})

test('the only member is known as such', () => {
  assert.equal(membersOf([testInstance('one')]).only?.instance.name, 'one')
  assert.equal(membersOf(three()).only, null)
})

test('when no member takes calls, the refusal says why and when the first one does again', () => {
  const instances = three()
  for (const [at, instance] of instances.entries()) close(instance, 10_000 + at * 1_000)
  const throttled = membersOf(instances).refusal('gpt-4o')
  assert.ok(throttled instanceof Refusal)
  assert.deepEqual(
    [throttled.code, throttled.retryAfterMs, throttled.details['seconds']],
    ['pool_exhausted', 10_000, 10],
  )
  const [broken] = three() as [Instance]
  laneOf(broken).breaker.trip('failures', nowMs + 5_000)
  assert.equal(membersOf([broken]).refusal('gpt-4o').code, 'pool_unavailable')
  const [unauthorised] = three() as [Instance]
  const attempt = laneOf(unauthorised).begin(nowMs)
  attempt.answered(401, {}, nowMs)
  attempt.refused('backend', '401', nowMs)
  assert.equal(membersOf([unauthorised]).refusal('gpt-4o').code, 'credential_refused')
})
