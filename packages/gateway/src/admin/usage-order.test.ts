import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { UsageLine, UsageReport } from '../ledger/reports.ts'
import { ordered } from './usage-order.ts'

const figures: UsageReport['total'] = {
  calls: 1,
  completed: 1,
  refused: 0,
  failed: 0,
  aborted: 0,
  interrupted: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  totalTokens: 0,
  countedCalls: 0,
  averageDurationMs: null,
  copies: 0,
  costs: [],
  unpricedCalls: 0,
}

function line(totalTokens: number, ...keys: (string | null)[]): UsageLine {
  return { ...figures, keys, callerKey: null, totalTokens }
}

// Readers look at the first lines to see where the tokens went.
test('the largest line comes first, its days in their order, and lines without a name last', () => {
  const lines = [
    line(900, null, '2026-11-01'),
    line(50, 'small', '2026-11-01'),
    line(30, 'large', '2026-11-02'),
    line(40, 'large', '2026-11-01'),
  ]
  const report = ordered({ by: ['workload', 'day'], lines, total: figures })
  assert.deepEqual(
    report.lines.map(({ keys }) => keys.join(' ')),
    ['large 2026-11-01', 'large 2026-11-02', 'small 2026-11-01', ' 2026-11-01'],
  )
})

// An inconsistent order would show the same report differently each time.
test('the order depends only on the lines, and keeps every one of them', () => {
  const key = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null })
  const lines = fc.uniqueArray(
    fc.tuple(fc.nat(3), key, key).map(([tokens, first, second]) => line(tokens, first, second)),
    { selector: ({ keys }) => keys.join() },
  )
  const shuffled = lines.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      const by = ['workload', 'model'] as const
      assert.deepEqual(ordered({ by, lines: one, total: figures }), ordered({ by, lines: other, total: figures }))
    }),
  )
})
