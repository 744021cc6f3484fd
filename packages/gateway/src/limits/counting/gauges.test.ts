import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claim, utcCalendar } from './claim.fixture.ts'
import { TightestGauges } from './gauges.ts'
import { MemoryStore } from './memory.ts'
import { Moments } from './moments.ts'

test('among limits that settled calls have exceeded, the one exceeded most is the tightest, in any order', () => {
  const store = new MemoryStore(utcCalendar, new Moments(Date.now))
  const claims = [claim(store, 'narrow', 'tokensPerMinute', 900), claim(store, 'wide', 'tokensPerMinute', 1_000)]
  for (const ordered of [claims, claims.toReversed()]) {
    const gauges = new TightestGauges()
    for (const one of ordered) if (gauges.isTighter(one, 1_001)) gauges.add(one, 1_001, 60_000)
    assert.deepEqual(gauges.tokens, { rule: 'narrow', limitText: '900', remaining: 0, resetSeconds: 60 })
  }
})
