import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOf, expectDenial, expectLease, openTestLimits, person, spentOf } from '../limits.fixture.ts'

// A process runs for months and serves thousands of callers, so memory must not grow with each of them.
test('idle counters of single callers are dropped, and no other caller is affected', async () => {
  const setup = await openTestLimits(configOf({ chat: { perCaller: { requestsPerMinute: 2, callsInFlight: 5 } } }))
  const stays = person(999_999)
  const open = expectLease(setup.take(1, { caller: stays }))
  let most = 0
  for (let id = 0; id < 20_000; id += 1) {
    setup.time.ms += 60
    expectLease(setup.take(1, { caller: person(id) })).settle(spentOf(1))
    if (id % 500 === 0) most = Math.max(most, [...setup.limits.counters()].length)
  }
  assert.ok(most < 5_000, `${most} counters for some 1,000 callers a minute`)
  expectLease(setup.take(1, { caller: stays })).settle(spentOf(1))
  open.settle(spentOf(1))
  const known = person(19_999)
  expectLease(setup.take(1, { caller: known }))
  expectDenial(setup.take(1, { caller: { ...known } }))
})

test('P7 a caller gets no extra call when creating its counters makes the store drop idle ones', async () => {
  const setup = await openTestLimits(
    configOf({ chat: { perCaller: { requestsPerMinute: 1, tokensPerMinute: 1_000, callsInFlight: 9 } } }),
  )
  for (let id = 0; id < 2_000; id += 1) {
    expectLease(setup.take(1, { caller: person(id) })).settle(spentOf(1))
    expectDenial(setup.take(1, { caller: person(id) }))
  }
})
