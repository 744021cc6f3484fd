/** A call that starts work which goes on after it: its tokens and cost stay reserved, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuleReport } from './index.ts'
import { configOf, isLease, openTestLimits, person, spentOf, type TestLimits } from './limits.fixture.ts'

async function line(setup: TestLimits, measure: string): Promise<Pick<RuleReport, 'used' | 'reserved'>> {
  const { rules } = await setup.limits.report()
  const { used, reserved } = rules.find(rule => rule.measure === measure) ?? assert.fail(`no rule of ${measure}`)
  return { used, reserved }
}

const limits = { tokensPerDay: 1_000, requestsPerMinute: 10, callsInFlight: 1 }

// Otherwise work that goes on after its call would be outside of every budget, or the call would count as in flight for
// hours.
test('H2 a kept lease settles the call, and keeps its tokens reserved until the result is known', async () => {
  const setup = await openTestLimits(configOf({ chat: limits }))
  const lease = setup.take(600)
  assert.ok(isLease(lease))
  const kept = lease.keep()
  assert.ok(kept !== null)
  assert.equal(lease.keep(), null)
  assert.deepEqual(await line(setup, 'tokensPerDay'), { used: 0, reserved: 600 })
  assert.deepEqual(await line(setup, 'requestsPerMinute'), { used: 1, reserved: 0 })
  assert.deepEqual(await line(setup, 'callsInFlight'), { used: 0, reserved: 0 })
  // Settling the call a second time changes nothing.
  lease.settle(spentOf(5))
  assert.ok(!isLease(setup.take(500)), 'there is no room for it')
  const other = setup.take(300)
  assert.ok(isLease(other))
  other.settle(spentOf(100))
  setup.limits.use(configOf({ chat: { ...limits, tokensPerDay: 2_000 } }))
  assert.deepEqual(await line(setup, 'tokensPerDay'), { used: 100, reserved: 600 })
  kept.settle(spentOf(250))
  kept.settle(spentOf(250))
  assert.deepEqual(await line(setup, 'tokensPerDay'), { used: 350, reserved: 0 })
  assert.deepEqual(await line(setup, 'requestsPerMinute'), { used: 2, reserved: 0 })
})

test('H2 a call from before a restart is reserved again, in its own windows and even beyond the limits', async () => {
  const setup = await openTestLimits(configOf({ chat: limits, instances: { limits: { tokensPerMinute: 500 } } }))
  const dayMs = 86_400_000
  const subject = { caller: person(1), workload: 'chat', deployment: 'gpt', instance: 'one', servedDeployment: null }
  const today = setup.limits.hold({ ...subject, tokens: 800, costNano: 0, atMs: setup.time.ms - 60_000 })
  const again = setup.limits.hold({ ...subject, tokens: 800, costNano: 0, atMs: setup.time.ms })
  const earlier = setup.limits.hold({ ...subject, tokens: 700, costNano: 0, atMs: setup.time.ms - 2 * dayMs })
  assert.deepEqual(await line(setup, 'tokensPerDay'), { used: 0, reserved: 1_600 })
  const { rules } = await setup.limits.report()
  const there = rules.find(({ rule, measure }) => rule === 'instances.one' && measure === 'tokensPerMinute')
  // An estimate reserves at most the whole limit.
  assert.equal(there?.reserved, 1_000)
  for (const kept of [today, again, earlier]) kept?.settle(spentOf(100))
  assert.deepEqual(await line(setup, 'tokensPerDay'), { used: 200, reserved: 0 })
  assert.equal(setup.limits.hold({ ...subject, workload: 'batch', tokens: 1, costNano: 0, atMs: 0 }) === null, false)
})
