/** W3C Trace Context from a caller over the gateway to an instance, with real sockets on both sides. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCollector } from '../../packages/gateway/src/ledger/feeds/otlp/otlp.fixture.ts'
import { startNamed } from '../support/named.ts'
import { recordOf } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { ask } from '../support/world.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callersSpan = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${callersSpan}-01`
const tracestate = 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7'
const chat = { model: 'gpt-4o', messages: ask('Hello'), max_tokens: 20 }
const ofCaller = [
  ['traceparent', traceparent],
  ['tracestate', tracestate],
] as const
const otlp = (url: string, share: number) => ({
  traces: { kind: 'otlp', url, batch: { time: '1s' }, sample: { share } } as const,
})

test('a call in a trace has its spans there, between the span of its caller and what the instance is given', async t => {
  const collector = await startCollector(t)
  const { world, post, taken } = await startNamed(t, {
    feeds: otlp(collector.url, 1),
    workload: { traceContext: 'continue' },
  })
  const answer = await post('chat/completions', chat, ofCaller)
  assert.equal(answer.status, 200)
  const [got] = taken()
  const kept = await eventually('the spans', () => (collector.kept.length >= 3 ? collector.kept : null))
  const [server, call, attempt] = kept
  assert.deepEqual(
    kept.map(span => span.traceId),
    [traceId, traceId, traceId],
  )
  assert.deepEqual(
    [server?.parentSpanId, call?.parentSpanId, attempt?.parentSpanId],
    [callersSpan, server?.spanId, call?.spanId],
  )
  assert.equal(got?.headers['traceparent'], `00-${traceId}-${attempt?.spanId}-01`)
  assert.equal(got?.headers['tracestate'], tracestate)
  const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual([record.traceId, record.parentSpanId], [traceId, callersSpan])
})

test('each attempt at another instance is the parent of what that instance does', async t => {
  const collector = await startCollector(t)
  const { one, two, post } = await startNamed(t, {
    feeds: otlp(collector.url, 1),
    workload: { traceContext: 'continue' },
  })
  one.answer = (_request, response) => response.writeHead(503, { 'retry-after': '1' }).end()
  assert.equal((await post('chat/completions', chat, ofCaller)).status, 200)
  const kept = await eventually('the spans', () => (collector.kept.length >= 4 ? collector.kept : null))
  const attempts = kept.slice(2)
  assert.deepEqual(
    [...one.received, ...two.received].map(({ headers }) => headers['traceparent']),
    attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`),
  )
})

test('a share of the spans, or none, leaves the field as the caller wrote it, since the parent may not be known', async t => {
  const collector = await startCollector(t)
  for (const feeds of [otlp(collector.url, 0.5), {}]) {
    const { world, post, taken } = await startNamed(t, { feeds, workload: { traceContext: 'continue' } })
    const answer = await post('chat/completions', chat, ofCaller)
    const [got] = taken()
    assert.deepEqual([got?.headers['traceparent'], got?.headers['tracestate']], [traceparent, tracestate])
    const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
    assert.equal(record.traceId, traceId)
  }
})

// A caller that chooses the trace of records chooses which of them are sampled, and what others see in that trace.
test('a workload that has not allowed it, a caller without a name and a malformed field are in traces of their own', async t => {
  const collector = await startCollector(t)
  const feeds = otlp(collector.url, 1)
  const ignoring = await startNamed(t, { feeds })
  const answer = await ignoring.post('chat/completions', chat, ofCaller)
  assert.equal(ignoring.taken()[0]?.headers['traceparent'], traceparent, 'passed on as it came')
  const continuing = await startNamed(t, { feeds, workload: { traceContext: 'continue' } })
  const anonymous = await fetch(`${continuing.world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { traceparent, 'content-type': 'application/json' },
    body: JSON.stringify(chat),
  })
  await anonymous.text()
  assert.equal(anonymous.status, 401)
  const malformed = await continuing.post('chat/completions', chat, [['traceparent', traceparent.toUpperCase()]])
  assert.equal(malformed.status, 200)
  const ids = [answer, malformed].map(({ headers }) => String(headers['x-gatehouse-request-id']))
  const traces = [...ids, anonymous.headers.get('x-gatehouse-request-id') ?? ''].map(id => id.replaceAll('-', ''))
  await eventually('three traces', () => {
    const found = new Set(collector.kept.map(span => span.traceId))
    return traces.every(trace => found.has(trace)) || null
  })
  assert.deepEqual(new Set(collector.kept.map(span => span.traceId)), new Set(traces))
})
