import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../../config/schema/index.ts'
import type { Ask } from '../../../limits/index.ts'
import { openTestLimits, type TestLimits } from '../../../limits/limits.fixture.ts'
import { openPrices } from '../../../prices/open.ts'
import { ClientLeft } from '../../call.ts'
import { authenticatedOf, type CallOptions, callOf, planOf, responseOf, sampleWith } from '../../exchange.fixture.ts'
import { type Exchange, type Located, newExchange, noteHome, noteRequest } from '../../exchange.ts'
import { authorize } from '../3-authorize/index.ts'
import { type ReceivedRequest, requestWithoutBody } from '../4-receive/request.ts'
import { type AdmitParts, admit } from './index.ts'

type Limits = ConfigInput['workloads'][string]['limits']

interface Scene extends TestLimits {
  readonly parts: AdmitParts
  /** A call of workload `people` that was located. */
  call(request?: Partial<ReceivedRequest>, options?: CallOptions): Located
}

async function sceneOf(limits: Limits, waitingLine = { length: 0, maxWait: '1s' }): Promise<Scene> {
  const config = sampleWith(limits === undefined ? {} : { limits }, { waitingLine })
  const opened = await openTestLimits(config)
  const plan = planOf(config)
  return {
    ...opened,
    parts: { limits: opened.limits, prices: openPrices(config.prices), totalMs: 60_000 },
    call(request = {}, options = {}) {
      const headers = { 'x-gatehouse-workload': 'people' }
      const exchange = authorize(authenticatedOf({ headers, ...options }, undefined, plan))
      noteRequest(exchange, { ...requestWithoutBody('gpt-4o'), send: Buffer.from('{}'), ...request })
      noteHome(exchange, null, null)
      return exchange
    },
  }
}

async function askOf(limits: Limits, request: Partial<ReceivedRequest>, options: CallOptions = {}): Promise<Ask> {
  const scene = await sceneOf(limits)
  const { lease } = await admit(scene.call(request, options), scene.parts)
  return lease?.ask ?? assert.fail('the call meets no limit')
}

test('a call that meets no limit is admitted at once, without a lease and without header fields', async () => {
  const scene = await sceneOf(undefined)
  const exchange = scene.call()
  assert.equal(admit(exchange, scene.parts), exchange)
  assert.deepEqual([exchange.lease, exchange.limitHeaders], [null, null])
})

test('an admitted call has its lease, and the header fields for its answer', async () => {
  const scene = await sceneOf({ tokensPerMinute: 100_000, callsInFlight: 3 })
  const exchange = scene.call({ completionTokensMax: 50 })
  assert.equal(admit(exchange, scene.parts), exchange, 'in memory this is synchronous')
  assert.ok(exchange.lease)
  assert.deepEqual(exchange.limitHeaders?.slice(0, 2), ['x-ratelimit-limit-tokens', '100000'])
})

// A reservation that is too small lets callers pass their limit; one that is too large refuses calls that would fit.
test('a call reserves its estimated prompt and the most that its answers can have', async () => {
  const limits = { tokensPerMinute: 10_000_000, costPerDay: '100 USD' }
  const given = await askOf(limits, { completionTokensMax: 50, answers: 2 })
  assert.equal(given.tokens, given.promptTokens + 50)
  assert.equal(given.costNano, Math.round(given.promptTokens * 2_500 + 50 * 10_000), 'at the price of the model')
  assert.equal(given.leastTokens, (given.promptTokens >> 1) + 50, 'half of an estimated prompt is certain')
  assert.equal(given.maximumGiven, true)

  const open = await askOf(limits, { answers: 3 })
  const one = await askOf(limits, {})
  assert.equal(open.tokens - open.promptTokens, 3 * (one.tokens - one.promptTokens), 'each answer counts')
  assert.deepEqual([open.maximumGiven, one.maximumGiven], [true, false], 'several answers do not teach how long one is')
  assert.equal(open.leastTokens, open.promptTokens >> 1)
})

test('embeddings reserve their prompt only, and calls that bill no tokens reserve none', async () => {
  const limits = { tokensPerMinute: 10_000_000 }
  const embedded = await askOf(limits, {}, { url: '/v1/embeddings' })
  assert.deepEqual([embedded.tokens, embedded.maximumGiven], [embedded.promptTokens, true])
  const listed = await askOf(limits, { deployment: null, send: null }, { method: 'GET', url: '/v1/files' })
  assert.deepEqual([listed.tokens, listed.costNano, listed.leastTokens], [0, 0, 0])
})

test('a call that meets only a limit on calls reserves no tokens', async () => {
  const ask = await askOf({ callsInFlight: 3 }, { completionTokensMax: 50 })
  assert.deepEqual([ask.tokens, ask.promptTokens, ask.costNano], [0, 0, 0])
})

test('a batch reserves what earlier batches of the workload needed', async () => {
  const ask = await askOf({ tokensPerMinute: 10_000_000 }, { deployment: null }, { url: '/v1/batches' })
  assert.deepEqual([ask.promptTokens, ask.maximumGiven, ask.tokens > 0], [0, false, true])
})

test('absurd maxima do not overflow: they can never pass', async () => {
  const scene = await sceneOf({ tokensPerMinute: 1_000 })
  const exchange = scene.call({ completionTokensMax: Number.MAX_SAFE_INTEGER })
  assert.throws(() => void admit(exchange, scene.parts), { code: 'request_exceeds_limit', status: 400 })
})

test('a denied call has no lease, and the next call passes when there is room', async () => {
  const scene = await sceneOf({ callsInFlight: 1 })
  const first = await admit(scene.call(), scene.parts)
  const second = scene.call()
  assert.throws(() => void admit(second, scene.parts), { code: 'concurrency_limit_reached', status: 429 })
  assert.equal(second.lease, null)
  first.lease?.settle({ tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null })
  assert.ok((await admit(scene.call(), scene.parts)).lease)
})

test('a call waits in line, and is admitted when an earlier one ends', async () => {
  const scene = await sceneOf({ callsInFlight: 1 }, { length: 5, maxWait: '1m' })
  const first = await admit(scene.call(), scene.parts)
  const waiting = admit(scene.call(), scene.parts)
  assert.ok(waiting instanceof Promise)
  first.lease?.settle({ tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null })
  const admitted = await waiting
  assert.ok(admitted.lease)
  assert.ok(admitted.lease.waitedMs !== null, 'the record says that it waited')
  assert.equal(admitted.call.watch.subject, null, 'the wait has given up the timer')
})

// Otherwise a copy could delay or refuse a call that a client waits for.
test('a copy never waits in line', async () => {
  const scene = await sceneOf({ callsInFlight: 1 }, { length: 5, maxWait: '1m' })
  const original = await admit(scene.call(), scene.parts)
  const copy: Exchange = newExchange(callOf(), original, { of: original.call.id, kind: 'shadow' })
  const located = Object.assign(scene.call(), { copy: copy.copy })
  assert.throws(() => void admit(located, scene.parts), { code: 'concurrency_limit_reached' })
})

test('a client that leaves while its call waits ends the wait, and the room goes to others', async () => {
  const scene = await sceneOf({ callsInFlight: 1 }, { length: 5, maxWait: '1m' })
  const first = await admit(scene.call(), scene.parts)
  const leaving = scene.call()
  const waiting = assert.rejects(Promise.resolve(admit(leaving, scene.parts)), ClientLeft)
  responseOf(leaving.call).destroy()
  await waiting
  first.lease?.settle({ tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null })
  assert.ok((await admit(scene.call(), scene.parts)).lease)
})

test('a shutdown ends the wait with 503', async () => {
  const scene = await sceneOf({ callsInFlight: 1 }, { length: 5, maxWait: '1m' })
  await admit(scene.call(), scene.parts)
  const stopping = scene.call()
  const waiting = assert.rejects(Promise.resolve(admit(stopping, scene.parts)), { code: 'shutting_down', status: 503 })
  stopping.call.watch.subject?.expire('deadline')
  stopping.call.watch.subject?.expire('shutdown')
  await waiting
})
