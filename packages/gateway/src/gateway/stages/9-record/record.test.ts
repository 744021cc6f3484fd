import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { ClientLeft } from '../../call.ts'
import { admittedOf, endingScene, leaseOf, relayedOf, reported } from '../../endings.fixture.ts'
import {
  authenticatedOf,
  callOf,
  exchangeOf,
  person,
  planOf,
  resolvedOf,
  responseOf,
  sampleConfig,
} from '../../exchange.fixture.ts'
import { type Exchange, noteCharge, noteOpened } from '../../exchange.ts'
import { captured, closed, type Ending, noUsage, opened } from './index.ts'
import { openRecord } from './open.ts'

const ending: Ending = {
  outcome: 'completed',
  code: null,
  status: 200,
  message: null,
  relayed: relayedOf(),
  usage: noUsage,
  cost: null,
  requestBytes: 12,
  ownBytes: 0,
}

test('the first half has the facts of the stages that have passed, and null for the others', () => {
  const fresh = opened(exchangeOf(callOf({ headers: { 'user-agent': 'sdk/1' } })))
  assert.deepEqual(
    [fresh.callerKind, fresh.workload, fresh.target, fresh.operation, fresh.instance, fresh.deployment, fresh.stream],
    [null, null, null, null, null, null, false],
  )
  assert.deepEqual([fresh.userAgent, fresh.method, fresh.path], ['sdk/1', 'POST', '/v1/chat/completions'])

  const full = opened(admittedOf({ request: { stream: true, toolDeployments: ['o1'], requestedModel: 'gpt-4o' } }))
  assert.deepEqual(
    [full.callerKind, full.callerObjectId, full.workload, full.target, full.instance, full.deployment],
    ['user', person.objectId, 'people', 'main', 'one', 'gpt-4o'],
  )
  assert.deepEqual(
    [full.operation, full.stream, full.toolDeployments, full.requestedModel],
    ['chat/completions', true, ['o1'], 'gpt-4o'],
  )
})

// The ledger is read by operators and reports: a caller without a grant must not be able to write any text it likes
// into its columns.
test('names of an address without a grant are recorded only when the configuration has them', () => {
  const known = opened(
    authenticatedOf({ url: '/main/both/openai/deployments/o1/chat/completions?api-version=2024-10-21' }),
  )
  assert.deepEqual([known.target, known.workload, known.deployment], ['main', 'both', 'o1'])
  const invented = opened(
    resolvedOf({ url: '/mine/own/openai/deployments/secret/chat/completions?api-version=2024-10-21' }),
  )
  assert.deepEqual([invented.target, invented.workload, invented.deployment], [null, null, null])
  assert.equal(invented.path, '/mine/own/openai/deployments/secret/chat/completions', 'the path shows them')
})

test('the path is recorded without the query and without the origin, which may carry a credential', () => {
  for (const [url, path] of [
    ['/v1/models?api-key=secret', '/v1/models'],
    ['http://user:secret@gateway.example/v1/models', '/v1/models'],
    [`/${'a'.repeat(3_000)}`, `/${'a'.repeat(2_047)}`],
  ] as const) {
    assert.equal(opened(exchangeOf(callOf({ method: 'GET', url }))).path, path)
  }
})

// Where the records of several gateways come together, each must say which of them served the call.
test('a record names the replica: the configured name, or that of the host', () => {
  const exchange = exchangeOf(callOf())
  assert.equal(opened(exchange).replica, hostname().toLowerCase())
  assert.equal(opened({ ...exchange, plan: { ...exchange.plan, replica: 'east-1' } }).replica, 'east-1')
})

// Whoever chooses a trace puts spans into it: not a caller without a name, nor one of a workload that ignores traces.
test('the trace of a caller is recorded where its workload continues traces, and not before the caller has a grant', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const headers = { traceparent }
  const taken = (exchange: Exchange): readonly unknown[] => {
    const { traceId, parentSpanId } = opened(exchange)
    return [traceId, parentSpanId]
  }
  const continuing = ({ grant, ...admitted }: ReturnType<typeof admittedOf>): Exchange => ({
    ...admitted,
    grant: { ...grant, workload: { ...grant.workload, continuesTraces: true } },
  })
  const nothing = [null, null]
  assert.deepEqual(taken(continuing(admittedOf({ headers }))), [traceparent.slice(3, 35), traceparent.slice(36, 52)])
  assert.deepEqual(taken(admittedOf({ headers })), nothing, 'a workload that ignores traces')
  assert.deepEqual(taken({ ...continuing(admittedOf({ headers })), grant: null }), nothing, 'a caller without a grant')
  assert.deepEqual(taken(continuing(admittedOf())), nothing)
  for (const malformed of [`${traceparent}, ${traceparent}`, traceparent.toUpperCase(), '00-1-2-3'])
    assert.deepEqual(taken(continuing(admittedOf({ headers: { traceparent: malformed } }))), nothing, malformed)
})

test('texts that a client chooses are cut', () => {
  const long = 'x'.repeat(1_000)
  const half = opened(
    admittedOf({ request: { requestedModel: long }, headers: { 'user-agent': long, 'content-type': long } }),
  )
  assert.deepEqual(
    [half.requestedModel?.length, half.userAgent?.length, half.requestContentType?.length],
    [256, 256, 256],
  )
})

test('the second half has the answer and the reservation, and carries the first half only when that was never written', () => {
  const exchange = admittedOf({ lease: { ...leaseOf({ tokens: 77 }), waitedMs: 12 } })
  const relayed = relayedOf({
    servedDeployment: 'gpt-4o-ptu',
    backendRequestId: 'azure-1',
    learned: { serviceTier: 'flex' },
  })
  const half = closed(exchange, { ...ending, relayed, usage: reported(3, 4) }, 9_000, opened(exchange))
  assert.deepEqual(
    [half.sentAtMs, half.firstByteAtMs, half.endedAtMs, half.servedDeployment, half.backendRequestId, half.serviceTier],
    [1_100, 1_350, 9_000, 'gpt-4o-ptu', 'azure-1', 'flex'],
  )
  assert.deepEqual(
    [half.reservedTokens, half.waitedMs, half.usage.totalTokens, half.requestBytes, half.responseBytes],
    [77, 12, 7, 12, 100],
  )
  assert.equal(half.opened?.id, exchange.call.id)
  noteOpened(exchange, opened(exchange))
  assert.equal(closed(exchange, ending, 9_000, opened(exchange)).opened, undefined)
})

test('the record that charges background work names its object, so that a restart does not charge it again', () => {
  const exchange = admittedOf()
  noteCharge(exchange, {
    debt: {
      objectId: 'batch_1',
      kind: 'batch',
      recordId: 'a',
      startedAtMs: 1,
      caller: person,
      workload: 'people',
      target: 'main',
      instance: 'one',
      deployment: null,
      servedDeployment: null,
      apiVersion: null,
      bound: { promptTokens: 0, completionTokens: 1 },
    },
    kept: null,
  })
  assert.equal(closed(exchange, ending, 1, opened(exchange)).objectId, 'batch_1')
  const named = { ...ending, relayed: relayedOf({ learned: { objectId: 'batch_2' } }) }
  assert.equal(closed(exchange, named, 1, opened(exchange)).objectId, 'batch_2', 'the answer names it best')
})

test('bodies are captured unless the workload says otherwise', () => {
  const received = [Buffer.from('{"a":1}')]
  const exchange = admittedOf({ request: { received } })
  assert.deepEqual(captured(exchange), received)
  assert.deepEqual(captured({ ...exchange, request: null }), [], 'nothing was received')
  const people = sampleConfig.workloads['people'] ?? assert.fail()
  const plan = planOf({
    ...sampleConfig,
    workloads: { ...sampleConfig.workloads, people: { ...people, capture: 'metadata' } },
  })
  const workload = plan.workloads.get('people') ?? assert.fail()
  const silent: Exchange = { ...exchange, grant: { ...exchange.grant, workload } }
  assert.deepEqual(captured(silent), [])
})

// P1: a crash after this point leaves a trace.
test('P1 the first half is in the journal before the exchange counts as open', async () => {
  const scene = await endingScene()
  const exchange = admittedOf()
  await openRecord(exchange, scene.parts)
  assert.equal(exchange.opened?.id, exchange.call.id)
  assert.equal(scene.opened[0]?.half.id, exchange.call.id)
})

test('a journal that refuses ends the call with 503, or lets it pass unrecorded where the operator wants that', async () => {
  const scene = await endingScene()
  scene.state.isFull = true
  const exchange = admittedOf()
  await assert.rejects(openRecord(exchange, scene.parts), { code: 'ledger_unwritable', status: 503 })
  await openRecord(exchange, { ...scene.parts, continueUnrecorded: true })
  assert.equal(exchange.opened, null, 'so that the end carries the whole record')
})

test('nothing is opened for a client that has already left', async () => {
  const scene = await endingScene()
  const exchange = admittedOf()
  responseOf(exchange.call).destroy()
  await assert.rejects(openRecord(exchange, scene.parts), ClientLeft)
  assert.deepEqual(scene.opened, [])
})
