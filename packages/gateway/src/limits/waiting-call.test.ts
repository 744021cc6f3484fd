import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActiveLimits } from './admission.ts'
import { askOf, configOf, expectDenial, expectLease, openTestLimits, spentOf } from './limits.fixture.ts'
import type { ScopeLimits } from './rules/rule-book.ts'

function met(limits: ActiveLimits): ScopeLimits {
  return limits.meets('chat', 'gpt') ?? assert.fail('the call meets no limit')
}

// Otherwise a long prompt would wait for ever while short ones overtake it.
test('a new call queues behind an equally urgent call that waits for the same limit, even if it would fit', async () => {
  const { limits, take } = await openTestLimits(
    configOf({ chat: { tokensPerMinute: 1_000 }, limits: { waitingLine: { length: 5, maxWait: '5m' } } }),
  )
  const first = expectLease(take(600))
  const admit = (priority: string, tokens: number) =>
    limits.admit(met(limits), { ...askOf(tokens), priority }, { deadlineAt: Number.POSITIVE_INFINITY, signal: null })
  const long = admit('standard', 800)
  const short = admit('standard', 50)
  assert.ok(long instanceof Promise && short instanceof Promise)
  assert.equal(limits.line.length, 2)
  const urgent = admit('interactive', 50)
  assert.ok(!(urgent instanceof Promise) && urgent.lease)
  urgent.lease.settle(spentOf(0))
  first.settle(spentOf(100))
  assert.ok((await long).lease)
  assert.ok((await short).lease)
})

// A mirrored copy in the line would make a client wait behind it.
test('a call that must not wait is refused at once, even when other calls wait for the same limit', async () => {
  const config = configOf({ chat: { callsInFlight: 1 }, limits: { waitingLine: { length: 5, maxWait: '5m' } } })
  const { limits, take, observed } = await openTestLimits(config)
  const first = expectLease(take(1))
  expectDenial(take(1))
  const waiting = limits.admit(met(limits), askOf(1), { deadlineAt: Number.POSITIVE_INFINITY, signal: null })
  assert.ok(waiting instanceof Promise)
  assert.deepEqual([limits.line.length, expectDenial(take(1)).rule], [1, 'chat'])
  first.settle(spentOf(1))
  const admission = await waiting
  assert.ok(admission.lease !== null && admission.lease.waitedMs !== null)
  expectDenial(take(1))
  assert.deepEqual(
    observed.waited.map(one => one.admitted),
    [true],
  )
  assert.equal(observed.refused.length, 3, 'the call that waited was not refused')
})

// Two teams under one company-wide limit: a team at its own limit must not block the other one.
test('calls that wait for a limit of their own block no other call from a limit that has room', async () => {
  const { limits, take } = await openTestLimits(
    configOf({
      chat: { callsInFlight: 1 },
      limits: { rules: { company: { tokensPerMinute: 1_000 } }, waitingLine: { length: 5, maxWait: '5m' } },
    }),
  )
  const first = expectLease(take(10))
  const waiting = [1, 2].map(() =>
    limits.admit(met(limits), askOf(10), { deadlineAt: Number.POSITIVE_INFINITY, signal: null }),
  )
  assert.equal(limits.line.length, 2)
  expectLease(take(10, { workload: 'batch' }))
  first.settle(spentOf(10))
  const second = await waiting[0]
  second?.lease?.settle(spentOf(10))
  assert.ok((await waiting[1])?.lease)
})
