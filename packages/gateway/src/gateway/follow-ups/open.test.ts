import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordRow } from '../../ledger/record.ts'
import type { EarlierAdmission, Spent } from '../../limits/index.ts'
import { openPrices } from '../../prices/open.ts'
import { admittedOf, leaseOf, relayedOf } from '../endings.fixture.ts'
import { sampleConfig } from '../exchange.fixture.ts'
import { closed, noUsage, opened } from '../stages/9-record/index.ts'
import { openFollowUps } from './open.ts'
import type { FollowUpQueue } from './queue.ts'

/** The record of a call that began a background response, as the ledger returns it. */
function rowOf(change: Partial<RecordRow> = {}): RecordRow {
  const exchange = admittedOf({ url: '/main/people/openai/v1/responses', lease: leaseOf({ tokens: 900 }) })
  const first = opened(exchange)
  const { opened: _, ...half } = closed(
    exchange,
    {
      outcome: 'completed',
      code: null,
      status: 200,
      message: null,
      relayed: relayedOf({ learned: { objectId: 'resp_1' } }),
      usage: { ...noUsage, source: 'owed' },
      cost: null,
      requestBytes: 500,
      ownBytes: 0,
    },
    2_000,
    first,
  )
  return { ...first, ...half, durationMs: 1_000, timeToFirstByteMs: 250, ...change }
}

interface Opened {
  readonly queue: FollowUpQueue
  readonly held: readonly EarlierAdmission[]
  readonly askedSinceMs: readonly number[]
}

async function open(rows: readonly RecordRow[]): Promise<Opened> {
  const held: EarlierAdmission[] = []
  const askedSinceMs: number[] = []
  const queue = await openFollowUps({
    limits: {
      hold(admission) {
        held.push(admission)
        return { settle(_spent: Spent) {} }
      },
      learned: () => ({ promptTokens: ({ textBytes }) => textBytes / 5, completionTokens: () => 300 }),
    },
    objects: { debts: null },
    ledger: {
      owed(sinceMs) {
        askedSinceMs.push(sinceMs)
        return Promise.resolve(rows)
      },
    },
    prices: () => openPrices(sampleConfig.prices),
    modelOf: (_instance, deployment) => (deployment === 'gpt-4o' ? 'gpt-4o' : null),
    clock: () => 1_000_000,
    random: () => 0,
    settings: () => ({ first: 1_000, every: 8_000, longest: 60_000, atOnce: 2 }),
  })
  return { queue, held, askedSinceMs }
}

// Otherwise a restart would make the work of open background calls free, and its tokens available to others.
test('after a restart the open debts of the ledger are reserved again', async () => {
  const { queue, held, askedSinceMs } = await open([rowOf()])
  assert.deepEqual(askedSinceMs, [1_000_000 - 2 * 60_000])
  const debt = queue.openDebt('resp_1')
  assert.deepEqual(
    [debt?.kind, debt?.workload, debt?.target, debt?.instance, debt?.deployment, debt?.apiVersion],
    ['response', 'people', 'main', 'one', 'gpt-4o', null],
  )
  assert.deepEqual(
    debt?.bound,
    { promptTokens: 100, completionTokens: 800 },
    'what was reserved, with an estimated prompt',
  )
  assert.deepEqual([held[0]?.tokens, held[0]?.costNano], [900, 100 * 2_500 + 800 * 10_000])
})

test('a call that met no limit is bounded by the present estimates', async () => {
  const { queue } = await open([rowOf({ reservedTokens: null })])
  assert.deepEqual(queue.openDebt('resp_1')?.bound, { promptTokens: 100, completionTokens: 300 })
})

test('a batch has no prompt of its own, and a deployment without a price costs nothing', async () => {
  const { queue, held } = await open([rowOf({ operation: 'batches', objectId: 'batch_1', deployment: 'unknown' })])
  const debt = queue.openDebt('batch_1')
  assert.deepEqual(
    [debt?.kind, debt?.bound, held[0]?.costNano],
    ['batch', { promptTokens: 0, completionTokens: 900 }, 0],
  )
})

test('the address of the call decides whether a follow-up needs an api-version', async () => {
  const path = '/main/people/openai/responses'
  const { queue } = await open([rowOf({ path, apiVersion: '2025-04-01-preview' })])
  assert.equal(queue.openDebt('resp_1')?.apiVersion, '2025-04-01-preview')
})

test('records that do not say enough for a follow-up are left out', async () => {
  const { queue } = await open([
    rowOf({ objectId: null }),
    rowOf({ workload: null }),
    rowOf({ instance: null }),
    rowOf({ callerKind: null }),
    rowOf({ operation: 'files' }),
  ])
  assert.equal(queue.figures.open, 0)
})
