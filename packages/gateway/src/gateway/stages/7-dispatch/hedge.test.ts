import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Hedge } from '../../../instances/pool.ts'
import { logTo } from '../../../log.fixture.ts'
import type { WholeAnswer } from '../../backend/answer-head.ts'
import { callOf } from '../../exchange.fixture.ts'
import { type Hedging, hedged } from './hedge.ts'

const answer: WholeAnswer = { status: 200, headers: {}, body: [Buffer.from('quick')] }

function hedging(more: { readonly state?: 'waiting' | 'relaying'; readonly hedge?: Partial<Hedge> } = {}) {
  const { state = 'waiting', hedge = {} } = more
  const seen: string[] = []
  const parts: Hedging = {
    hedge: {
      ...{ operations: new Set(['embeddings']), afterPercentile: 95, maxShare: 0.5 },
      calls: 10,
      hedged: 0,
      ...hedge,
    },
    afterMs: 50,
    attempts: {
      state,
      replaceWith: ({ body }) => {
        seen.push(`replaced by ${body}`)
        return true
      },
    },
    ask: async () => {
      seen.push('asked')
      return answer
    },
    exchange: { call: callOf({}), grant: null },
    log: logTo(({ event }) => seen.push(event)),
  }
  return { parts, seen }
}

function timers(t: TestContext): (ms: number) => Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return async ms => {
    t.mock.timers.tick(ms)
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('a second member is asked when the first takes too long, and its answer replaces the first', async t => {
  const pass = timers(t)
  const { parts, seen } = hedging()
  const first = Promise.withResolvers<string>()
  const result = hedged(first.promise, parts)
  await pass(49)
  assert.deepEqual(seen, [])
  await pass(1)
  assert.deepEqual([seen, parts.hedge.hedged], [['asked', 'replaced by quick'], 1])
  first.resolve('the first attempt is read to its end')
  assert.equal(await result, 'the first attempt is read to its end')
})

// A hedge is billed: it must not be sent without need, nor more often than the operator allows.
test('no second member is asked when the first was quick enough', async t => {
  const pass = timers(t)
  const { parts, seen } = hedging()
  await hedged(Promise.resolve('quick'), parts)
  await pass(60_000)
  assert.deepEqual(seen, [])
})

test('no second member is asked once the answer has begun, or beyond the share of hedged calls', async t => {
  const pass = timers(t)
  for (const { parts, seen } of [hedging({ state: 'relaying' }), hedging({ hedge: { calls: 10, hedged: 5 } })]) {
    const first = Promise.withResolvers<string>()
    const result = hedged(first.promise, parts)
    await pass(50)
    assert.deepEqual(seen, [])
    first.resolve('')
    await result
  }
})

test('a second member without a usable answer changes nothing, and one that cannot be sent is logged', async t => {
  const pass = timers(t)
  const none = hedging()
  const broken = hedging()
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  const results = [
    hedged(first.promise, { ...none.parts, ask: async () => null }),
    hedged(second.promise, {
      ...broken.parts,
      attempts: {
        state: 'waiting',
        replaceWith: () => {
          throw new TypeError('Invalid character in header content')
        },
      },
    }),
  ]
  await pass(50)
  assert.deepEqual([none.seen, broken.seen.length], [[], 2])
  assert.match(broken.seen.at(-1) ?? '', /hedge_failed/)
  first.resolve('')
  second.resolve('')
  await Promise.all(results)
})
