import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Lease, nothingSpent, type RuleReport } from './index.ts'
import { configOf, isLease, openTestLimits, person, reportLines, spentOf, type TestLimits } from './limits.fixture.ts'

const step = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(70_000), fc.integer({ min: -5_000, max: 0 })),
  caller: fc.nat(3),
  workload: fc.constantFrom('chat', 'batch'),
  instance: fc.constantFrom('one', 'two', null),
  ask: fc.integer({ min: 0, max: 500 }),
  settle: fc.integer({ min: -1, max: 6 }),
  used: fc.nat(700),
  sent: fc.boolean(),
})

test('P7 in any order of reserving, entering and settling, every limit holds and nothing stays reserved', async () => {
  const config = configOf({
    chat: { tokensPerMinute: 1_500, callsInFlight: 4, perCaller: { tokensPerHour: 3_000, requestsPerSecond: 2 } },
    instances: { limits: { callsInFlight: 2, tokensPerMinute: 900 } },
    limits: {
      rules: {
        wallet: { tokensPerMinute: 2_000, counter: 'shared' },
        purse: { tokensPerMinute: 1_200, workloads: ['batch'], counter: 'shared' },
        trial: { tokensPerMinute: 300, mode: 'shadow' },
      },
    },
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const setup = await openTestLimits(config)
      const open: { readonly lease: Lease; readonly asked: number }[] = []
      let above = 0
      for (const { waitMs, caller, workload, instance, ask, settle, used, sent } of steps) {
        setup.time.ms += waitMs
        const ended = open.splice(settle, settle < 0 ? 0 : 1)[0]
        if (ended !== undefined && sent) above += Math.max(0, used - ended.asked)
        ended?.lease.settle(sent ? spentOf(used) : nothingSpent)
        const given = setup.take(ask, { caller: person(caller), workload })
        if (isLease(given)) open.push({ lease: given, asked: ask })
        if (isLease(given) && instance !== null) await given.enter(instance, 'gpt')
        assert.deepEqual(await beyond(setup, above), [])
      }
      for (const one of open) one.lease.settle(nothingSpent)
      assert.deepEqual(await reportLines(setup, line => line.reserved !== 0), [])
      setup.time.ms += 7_200_000
      assert.deepEqual(await reportLines(setup, line => line.used !== 0), [])
    }),
    { numRuns: 200 },
  )
})

/**
 * Lines whose sum exceeds their limit by more than the calls exceeded their estimates. Rules that share a larger
 * counter may exceed theirs.
 */
function beyond(setup: TestLimits, above: number): Promise<readonly RuleReport[]> {
  const mayBe = new Set(['limits.rules.purse', 'limits.rules.trial'])
  return reportLines(setup, line => !mayBe.has(line.rule) && line.used + line.reserved > line.limit + above)
}
