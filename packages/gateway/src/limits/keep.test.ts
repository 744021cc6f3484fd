/** What a call began goes on after it: its tokens and cost stay reserved, and only those. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuleReport } from './index.ts'
import { configOf, isLease, type Opened, opened, person, spentOf } from './limits.fixture.ts'

async function line(house: Opened, measure: string): Promise<Pick<RuleReport, 'used' | 'reserved'>> {
  const { rules } = await house.limits.report()
  const { used, reserved } = rules.find(rule => rule.measure === measure) ?? assert.fail(`no rule of ${measure}`)
  return { used, reserved }
}

const limits = { tokensPerDay: 1_000, requestsPerMinute: 10, callsInFlight: 1 }

// Without it the work of a call that has ended is outside of every budget; with too much of it, one such call would keep a place for hours.
test('H2 a kept lease settles the call and leaves tokens reserved until the end is known', async () => {
  const house = await opened(configOf({ chat: limits }))
  const lease = house.take(600)
  assert.ok(isLease(lease))
  const kept = lease.keep()
  assert.ok(kept !== null)
  assert.equal(lease.keep(), null)
  assert.deepEqual(await line(house, 'tokensPerDay'), { used: 0, reserved: 600 })
  assert.deepEqual(await line(house, 'requestsPerMinute'), { used: 1, reserved: 0 })
  assert.deepEqual(await line(house, 'callsInFlight'), { used: 0, reserved: 0 })
  // What would end the call a second time changes nothing.
  lease.settle(spentOf(5))
  assert.ok(!isLease(house.take(500)), 'there is no room for it')
  const other = house.take(300)
  assert.ok(isLease(other))
  other.settle(spentOf(100))
  house.limits.use(configOf({ chat: { ...limits, tokensPerDay: 2_000 } }))
  assert.deepEqual(await line(house, 'tokensPerDay'), { used: 100, reserved: 600 })
  kept.settle(spentOf(250))
  kept.settle(spentOf(250))
  assert.deepEqual(await line(house, 'tokensPerDay'), { used: 350, reserved: 0 })
  assert.deepEqual(await line(house, 'requestsPerMinute'), { used: 2, reserved: 0 })
})

test('H2 what was admitted before a restart is held again, in its own windows and beyond any limit', async () => {
  const house = await opened(configOf({ chat: limits, instances: { limits: { tokensPerMinute: 500 } } }))
  const dayMs = 86_400_000
  const subject = { caller: person(1), workload: 'chat', deployment: 'gpt', instance: 'one', servedDeployment: null }
  const today = house.limits.hold({ ...subject, tokens: 800, costNano: 0, atMs: house.time.ms - 60_000 })
  const again = house.limits.hold({ ...subject, tokens: 800, costNano: 0, atMs: house.time.ms })
  const earlier = house.limits.hold({ ...subject, tokens: 700, costNano: 0, atMs: house.time.ms - 2 * dayMs })
  assert.deepEqual(await line(house, 'tokensPerDay'), { used: 0, reserved: 1_600 })
  const { rules } = await house.limits.report()
  const there = rules.find(({ rule, measure }) => rule === 'instances.one' && measure === 'tokensPerMinute')
  // An estimate takes the whole of a limit at most.
  assert.equal(there?.reserved, 1_000)
  for (const kept of [today, again, earlier]) kept?.settle(spentOf(100))
  assert.deepEqual(await line(house, 'tokensPerDay'), { used: 200, reserved: 0 })
  assert.equal(house.limits.hold({ ...subject, workload: 'batch', tokens: 1, costNano: 0, atMs: 0 }) === null, false)
})
