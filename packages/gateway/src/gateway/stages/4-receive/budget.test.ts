import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Caller } from '../../../identity/index.ts'
import { BodyBudget, BodyHold } from './budget.ts'

const callerOf = (objectId: string): Caller =>
  ({ kind: 'user', tenantId: 't', objectId, appId: null, displayName: null }) as unknown as Caller

function holdOf(budget: BodyBudget, caller = 'alice'): BodyHold {
  const hold = new BodyHold(budget)
  hold.caller = callerOf(caller)
  return hold
}

/** For a body that must not give way. */
const stays = (refusal: Error): void => assert.fail(refusal.message)

// Without a bound for all calls together, 35 calls of 87 bytes each took 2 GB and killed the process.
test('H4 bodies never hold more than the budget, a caller never more than its share, and all of it is released', () => {
  const steps = fc.array(
    fc.record({ slot: fc.nat(7), bytes: fc.integer({ min: 1, max: 60_000 }), release: fc.boolean() }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(steps, taken => {
      const budget = new BodyBudget({ bytesMax: 200_000, callerBytesMax: 100_000 })
      const holds = Array.from({ length: 8 }, (_, slot) => holdOf(budget, slot % 2 === 0 ? 'alice' : 'bob'))
      for (const { slot, bytes, release } of taken) {
        const hold = holds[slot] as BodyHold
        if (release) hold.release()
        else if (!budget.take(hold, bytes)) assert.throws(() => hold.take(bytes), { code: 'bodies_full' })
        assert.equal(
          budget.bytes,
          holds.reduce((sum, one) => sum + one.bytes, 0),
        )
        assert.ok(budget.bytes <= 200_000)
        for (const parity of [0, 1]) {
          const own = holds.filter((one, index) => index % 2 === parity && one.bytes > 16_384)
          assert.ok(own.reduce((sum, one) => sum + one.bytes, 0) <= 100_000)
        }
      }
      for (const hold of holds) hold.release()
      assert.equal(budget.bytes, 0)
      assert.equal(budget.take(holds[0] as BodyHold, 100_000), true, 'all of a share is released')
    }),
  )
})

test('H4 an announced body waits in order for room, and a body that can never fit does not wait', async () => {
  const budget = new BodyBudget({ bytesMax: 100_000, callerBytesMax: 60_000 })
  const [first, second, third, other] = [holdOf(budget), holdOf(budget), holdOf(budget), holdOf(budget, 'bob')]
  assert.equal(first.takeOrWait(50_000, stays), undefined)
  const waits = second.takeOrWait(40_000, stays)
  const queued = third.takeOrWait(30_000, stays)
  assert.equal(budget.waiting, 2)
  assert.equal(
    other.takeOrWait(40_000, stays),
    undefined,
    'a body that waits for its own share does not block other callers',
  )
  first.release()
  await waits
  assert.equal(budget.waiting, 1)
  await assert.rejects(holdOf(budget).takeOrWait(60_001, stays) ?? Promise.resolve(), {
    code: 'bodies_full',
    message: /for this caller/,
  })
  second.release()
  await queued
  budget.use({ bytesMax: 10_000, callerBytesMax: 60_000 })
  assert.throws(() => other.take(1), { code: 'bodies_full', message: /for all callers/ })
  for (const hold of [third, other, third]) hold.release()
  assert.equal(budget.bytes, 0)
})

test('H4 one caller cannot fill the queue for room', async () => {
  const budget = new BodyBudget({ bytesMax: 100_000, callerBytesMax: 100_000 })
  const first = holdOf(budget)
  first.take(90_000)
  const waiting = Array.from({ length: 100 }, () => holdOf(budget).takeOrWait(20_000, stays))
  await assert.rejects(holdOf(budget).takeOrWait(20_000, stays) ?? Promise.resolve(), { code: 'bodies_full' })
  const bob = holdOf(budget, 'bob')
  const his = bob.takeOrWait(20_000, stays)
  assert.equal(budget.waiting, 101)
  budget.use({ bytesMax: 10_000_000, callerBytesMax: 10_000_000 })
  await Promise.all([...waiting, his])
  assert.equal(budget.bytes, 90_000 + 101 * 20_000)
})

// Otherwise twenty uploads of one caller that each hold a part of its share would wait for each other, and all would
// fail.
test('H4 when bodies of one caller wait for each other, the youngest of them gives way, and no body of another caller', async () => {
  const budget = new BodyBudget({ bytesMax: 1_000_000, callerBytesMax: 100_000 })
  const gone: string[] = []
  const [old, young, bob] = [holdOf(budget), holdOf(budget), holdOf(budget, 'bob')]
  for (const [name, hold] of [
    ['old', old],
    ['young', young],
    ['bob', bob],
  ] as const) {
    hold.comes(({ code }) => {
      gone.push(`${name} ${code}`)
      hold.release()
    })
    hold.take(name === 'bob' ? 90_000 : 45_000)
  }
  await old.takeOrWait(30_000, stays)
  assert.deepEqual(gone, ['young bodies_full'])
  assert.equal(old.bytes, 75_000)
  const late = holdOf(budget)
  const waits = late.takeOrWait(50_000, stays)
  late.release()
  await assert.rejects(
    waits ?? Promise.resolve(),
    { code: 'bodies_full' },
    'a body that has ended gets no room any more',
  )
  old.release()
  bob.release()
  assert.equal(budget.bytes, 0)
  assert.equal(late.bytes, 0)
})
