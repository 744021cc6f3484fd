import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndedCall } from '../telemetry/calls.ts'
import { ClientLeft, ownCall } from './call.ts'
import { admittedOf, type EndingScene, endingScene, leaseOf, relayedOf, reported } from './endings.fixture.ts'
import { conclude, concludeUnknown, refuse } from './endings.ts'
import { authenticatedOf, callOf, exchangeOf, person, responseOf, samplePlan } from './exchange.fixture.ts'
import { type Exchange, type FollowUp, newExchange, noteCaller, noteDebt, noteRequest, noteRoute } from './exchange.ts'
import type { ClaimedDebt } from './follow-ups/index.ts'
import type { EndedListener } from './parts.ts'
import { Refusal } from './refusals.ts'
import { findRoute } from './stages/1-resolve/route.ts'
import { requestWithoutBody } from './stages/4-receive/request.ts'
import { openRecord } from './stages/9-record/open.ts'

const nothingSpent = { tokens: 0, costNano: 0, calls: 0, promptTokens: null, completionTokens: null }

function lastOf(scene: EndingScene): EndingScene['closed'][number] {
  return scene.closed.at(-1) ?? assert.fail('no record was written')
}

/** A debt of a background response that workload `people` began. */
function claimedOf(objectId = 'resp_1'): ClaimedDebt {
  return {
    debt: {
      objectId,
      kind: 'response',
      recordId: '0190b1d0-0000-7000-8000-00000000000a',
      startedAtMs: 900,
      caller: person,
      workload: 'people',
      target: 'main',
      instance: 'one',
      deployment: 'gpt-4o',
      servedDeployment: null,
      apiVersion: null,
      bound: { promptTokens: 40, completionTokens: 60 },
    },
    kept: null,
  }
}

// A wrong outcome in the record hides failures from operators, and a wrong one in the metrics wakes them up for
// nothing.
test('the way in which the answer ended decides outcome and code of the record', async () => {
  const rows = [
    [relayedOf(), 'completed', null, 200],
    [relayedOf({ status: 404 }), 'completed', null, 404],
    [relayedOf({ learned: { errorInStream: true } }), 'failed', 'error_in_stream', 200],
    [relayedOf({ ending: 'left' }), 'aborted', 'client_left', 200],
    [relayedOf({ ending: 'backend_cut' }), 'failed', 'backend_cut', 200],
    [relayedOf({ ending: 'connect_timeout', status: null }), 'failed', 'connect_timeout', 504],
  ] as const
  for (const [relayed, outcome, code, status] of rows) {
    const scene = await endingScene()
    await conclude(admittedOf(), relayed, scene.parts)
    const { half } = lastOf(scene)
    assert.deepEqual([half.outcome, half.outcomeCode, half.status], [outcome, code, status])
    const [ended] = scene.ended
    assert.deepEqual([ended?.outcome, ended?.code, ended?.status], [outcome, code, status])
  }
})

test('a client whose backend sent no answer gets the refusal that belongs to the failure', async () => {
  const scene = await endingScene()
  const exchange = admittedOf()
  await conclude(
    exchange,
    relayedOf({ ending: 'backend_unreachable', status: null, cause: new Error('gone') }),
    scene.parts,
  )
  const res = responseOf(exchange.call)
  assert.equal(res.statusCode, 502)
  assert.equal(res.getHeader('x-gatehouse-refusal'), undefined, 'header fields went out with writeHead')
  assert.ok(res.headersSent)
  assert.deepEqual(
    scene.logged.map(({ level, event, fields }) => [level, event, fields['failure'], fields['instance']]),
    [['warn', 'backend_failed', 'backend_unreachable', 'one']],
  )
})

test('a copy has no client: its failure gets no answer and no status', async () => {
  const scene = await endingScene()
  const original = admittedOf()
  const copy: Exchange = newExchange(
    ownCall({ id: 'b', startedAtMs: 1, method: 'POST', url: original.call.url }),
    original,
    {
      of: original.call.id,
      kind: 'shadow',
    },
  )
  noteRoute(copy, original.route)
  noteCaller(copy, original.caller, '')
  noteRequest(copy, original.request)
  await conclude(copy, relayedOf({ ending: 'backend_unreachable', status: null }), scene.parts)
  assert.equal(lastOf(scene).half.status, null)
  assert.equal(copy.call.res, null)
  assert.equal(scene.ended[0]?.copyKind, 'shadow')
})

// The difference between what was reserved and what was used must come back: otherwise limits fill up with tokens that
// no call used.
test('reported usage settles the lease, with its cost and the tokens that estimates learn from', async () => {
  const scene = await endingScene()
  const lease = leaseOf({ tokens: 500, promptTokens: 100 })
  await conclude(admittedOf({ lease }), relayedOf({ learned: { usage: reported(1_000, 200) } }), scene.parts)
  // gpt-4o of the catalogue: 2.50 and 10.00 per million tokens.
  const costNano = 1_000 * 2_500 + 200 * 10_000
  assert.deepEqual(lease.settled, [{ tokens: 1_200, costNano, calls: 1, promptTokens: 1_000, completionTokens: 200 }])
  const { half } = lastOf(scene)
  assert.deepEqual([half.usage.source, half.usage.totalTokens, half.cost?.nano], ['reported', 1_200, costNano])
})

test('an answer that was never sent to a backend settles the lease with one call and no tokens', async () => {
  const scene = await endingScene()
  const lease = leaseOf({ tokens: 500 })
  await conclude(
    admittedOf({ lease }),
    relayedOf({ ending: 'backend_unreachable', status: null, sentAtMs: null }),
    scene.parts,
  )
  assert.deepEqual(lease.settled, [{ ...nothingSpent, calls: 1 }])
})

test('a list counts as many calls as it fetched pages', async () => {
  const scene = await endingScene()
  const lease = leaseOf()
  const attempt = { instance: 'one', status: 200, durationMs: 1, error: null }
  const exchange = admittedOf({ method: 'GET', url: '/v1/files', lease, request: { deployment: null, send: null } })
  await conclude(exchange, relayedOf({ attempts: [attempt, attempt, attempt] }), scene.parts)
  assert.equal(lease.settled[0]?.calls, 3)
})

test('usage of earlier work charges the limits of the call that began it, and the asking call counts as a request', async () => {
  const scene = await endingScene()
  scene.state.claimable = claimedOf()
  const lease = leaseOf()
  const exchange = admittedOf({
    method: 'GET',
    url: '/v1/responses/resp_1',
    lease,
    request: { deployment: null, send: null },
  })
  await conclude(exchange, relayedOf({ learned: { usage: reported(30, 70), objectId: 'resp_1' } }), scene.parts)
  assert.deepEqual(lease.settled, [{ ...nothingSpent, calls: 1 }])
  assert.equal(scene.charges.length, 1)
  assert.deepEqual([scene.charges[0]?.claimed.debt.objectId, scene.charges[0]?.spent.tokens], ['resp_1', 100])
  assert.deepEqual(scene.recorded, ['reported'], 'only after the record is written')
  assert.equal(lastOf(scene).half.objectId, 'resp_1')
})

test('after a successful DELETE the owner of the object is forgotten, and only then', async () => {
  for (const [status, isForgotten] of [
    [200, true],
    [404, false],
  ] as const) {
    const scene = await endingScene()
    scene.parts.objects.created(['resp_1'], { workload: 'people', instance: 'one' })
    const exchange = admittedOf({
      method: 'DELETE',
      url: '/v1/responses/resp_1',
      request: { deployment: null, send: null },
    })
    await conclude(exchange, relayedOf({ status }), scene.parts)
    assert.equal(scene.parts.objects.remembered('resp_1') === null, isForgotten, `status ${status}`)
  }
})

test('when the journal cannot be read to count an answer, the call is charged at its bound', async () => {
  const scene = await endingScene()
  const lease = leaseOf({ tokens: 500, promptTokens: 100 })
  const exchange = admittedOf({ lease })
  const { parts } = scene
  const broken = { ...parts, counter: { ...parts.counter, count: () => Promise.reject(new Error('no worker')) } }
  await conclude(exchange, relayedOf(), broken)
  assert.deepEqual(
    [lastOf(scene).half.usage.source, lastOf(scene).half.usage.promptTokens, lastOf(scene).half.usage.completionTokens],
    ['bounded', 100, 400],
  )
  assert.equal(lease.settled[0]?.tokens, 500)
  assert.deepEqual(
    scene.logged.map(({ event }) => event),
    ['usage_unknown'],
  )
})

test('a record that the journal refuses is counted as lost and logged, and the call still ends', async () => {
  const scene = await endingScene()
  const exchange = admittedOf({ lease: leaseOf() })
  scene.state.isFull = true
  await conclude(exchange, relayedOf({ learned: { usage: reported(1, 1) } }), scene.parts)
  assert.deepEqual(scene.lost, [exchange.call.id])
  assert.deepEqual(
    scene.logged.map(({ event, fields }) => [event, fields['code']]),
    [['record_lost', 'ledger_unwritable']],
  )
  assert.equal(scene.ended.length, 1, 'the metrics count it')
})

test('a refusal renders its answer, refunds the lease and writes one record with both halves', async () => {
  const scene = await endingScene()
  const lease = leaseOf({ tokens: 10 })
  const exchange = admittedOf({ lease, instance: null })
  await refuse(exchange, new Refusal('deployment_unknown', { target: 'main', deployment: 'x' }), scene.parts)
  assert.equal(responseOf(exchange.call).statusCode, 404)
  assert.deepEqual(lease.settled, [nothingSpent])
  const { half } = lastOf(scene)
  assert.deepEqual([half.outcome, half.outcomeCode, half.status], ['refused', 'deployment_unknown', 404])
  assert.equal(half.opened?.workload, 'people')
  assert.ok(half.responseBytes > 20, 'the length of the refusal')
  assert.deepEqual(scene.logged, [], 'a refusal that the caller can change is no line in the log')
})

test('an unknown error is answered with 500 and logged with its cause; known outages are only warnings', async () => {
  const scene = await endingScene()
  const cause = new RangeError('a bug')
  await refuse(admittedOf(), cause, scene.parts)
  await refuse(
    admittedOf(),
    new Refusal('pool_unavailable', { target: 'main', deployment: 'x', seconds: 1 }),
    scene.parts,
  )
  assert.deepEqual(
    scene.logged.map(({ level, event, fields }) => [level, event, fields['code'], fields['cause']]),
    [
      ['error', 'refused', 'internal_error', cause],
      ['warn', 'refused', 'pool_unavailable', undefined],
    ],
  )
  assert.deepEqual(
    scene.closed.map(({ half }) => half.status),
    [500, 503],
  )
})

test('a client that left before its answer gets none, and the record says so', async () => {
  const scene = await endingScene()
  const exchange = admittedOf({ instance: null })
  await refuse(exchange, new ClientLeft(), scene.parts)
  const { half } = lastOf(scene)
  assert.deepEqual([half.outcome, half.outcomeCode, half.status], ['aborted', 'client_left', null])
  assert.equal(responseOf(exchange.call).headersSent, false)
})

// Without this, calls without a token could fill the disk.
test('refusals of unknown callers beyond the rate get no record of their own', async () => {
  const scene = await endingScene()
  scene.parts.guards.strangers.use({ perMinute: 1, allPerMinute: 10 })
  const missing = new Refusal('token_missing', { reason: 'The request carries no token.' })
  for (let i = 0; i < 3; i += 1) await refuse(exchangeOf(callOf()), missing, scene.parts)
  assert.equal(scene.closed.length, 1)
  assert.equal(scene.ended.length, 3, 'the metrics count every call')
  await refuse(authenticatedOf(), missing, scene.parts)
  assert.equal(scene.closed.length, 2, 'a known caller always has a record')
  scene.parts.guards.close()
  assert.deepEqual(scene.closed.at(-1)?.half.summedCalls, 2)
})

// In a flood of calls without a token, each call must cost as little as possible.
test('a refusal that is only added to a sum makes no halves of a record', async () => {
  const scene = await endingScene()
  scene.parts.guards.strangers.use({ perMinute: 0, allPerMinute: 10 })
  const missing = new Refusal('token_missing', { reason: 'The request carries no token.' })
  let made = 0
  const refuseOne = async (): Promise<void> => {
    const call = callOf()
    // Only the first half of a record reads this field.
    const count = (): void => {
      made += 1
    }
    Object.defineProperty(call.req.headers, 'user-agent', { get: count })
    await refuse(exchangeOf(call), missing, scene.parts)
  }
  await refuseOne()
  assert.equal(made, 1, 'the first call of a sum is its example')
  await refuseOne()
  assert.equal(made, 1)
  scene.parts.guards.close()
  assert.deepEqual(
    scene.closed.map(({ half }) => half.summedCalls),
    [2],
  )
})

test('a debt whose end can never be known is charged at its bound, in a record of its own', async () => {
  const scene = await endingScene()
  const claimed = claimedOf()
  const call = ownCall({ id: 'c', startedAtMs: 1_000, method: 'GET', url: '/main/people/openai/v1/responses/resp_1' })
  const exchange: Exchange = newExchange(
    call,
    { plan: samplePlan, demonstration: false, isProxy: null },
    {
      of: claimed.debt.recordId,
      kind: 'follow_up',
    },
  )
  noteRoute(exchange, findRoute(call.method, call.url))
  noteCaller(exchange, person, '')
  noteRequest(exchange, requestWithoutBody(claimed.debt.deployment))
  noteDebt(exchange, claimed.debt)
  const followUp: FollowUp = exchange
  await concludeUnknown(followUp, claimed, scene.parts)
  const { half } = lastOf(scene)
  assert.deepEqual(
    [half.outcome, half.outcomeCode, half.instance, half.usage.source, half.usage.totalTokens, half.objectId],
    ['failed', 'end_unknown', 'one', 'bounded', 100, 'resp_1'],
  )
  assert.equal(half.opened?.workload, 'people', 'no grant is needed: the debt names the workload')
  assert.equal(half.cost?.nano, 40 * 2_500 + 60 * 10_000)
  assert.deepEqual(scene.charges[0]?.spent, {
    tokens: 100,
    costNano: half.cost?.nano,
    calls: 1,
    promptTokens: null,
    completionTokens: null,
  })
  assert.deepEqual(scene.recorded, ['bounded'])
})

test('each listener gets the figures of each exchange, in turn', async () => {
  const scene = await endingScene()
  const received: { readonly listener: string; readonly outcome: EndedCall['outcome'] }[] = []
  const ended = ['first', 'second'].map(
    (listener): EndedListener =>
      ({ outcome }) =>
        void received.push({ listener, outcome }),
  )
  const parts = { ...scene.parts, ended }
  const served = admittedOf()
  await openRecord(served, parts)
  await conclude(served, relayedOf(), parts)
  await refuse(admittedOf({ instance: null }), new Refusal('pool_unavailable', { target: 'main' }), parts)
  assert.deepEqual(
    received,
    (['completed', 'refused'] as const).flatMap(outcome =>
      ['first', 'second'].map(listener => ({ listener, outcome })),
    ),
  )
})

test('the last entry of an exchange does not repeat the first half that the journal has', async () => {
  const scene = await endingScene()
  const served = admittedOf()
  await openRecord(served, scene.parts)
  await conclude(served, relayedOf(), scene.parts)
  assert.equal(scene.opened.length, 1)
  assert.equal(lastOf(scene).half.opened, undefined)
})
