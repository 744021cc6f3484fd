import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { startOtlp } from './index.ts'

const traceId = '0199c0de000070008000000000000001'

/** A request as OpenTelemetry's own encoder writes it. */
function requestOf(name: string): Uint8Array {
  const context = { traceId, spanId: '0000000000000001', traceFlags: 1 }
  const request = ProtobufTraceSerializer.serializeRequest([
    {
      ...{ name, kind: 1, resource: resourceFromAttributes({ 'service.name': 'tester' }), links: [], ended: true },
      instrumentationScope: { name: 'scope' },
      ...{ startTime: [1_800_000_000, 5], endTime: [1_800_000_001, 0], duration: [0, 0] },
      spanContext: () => context,
      status: { code: 2 },
      attributes: { text: 'é', whole: 7, list: ['a', 'b'], yes: true },
      events: [{ name: 'sent', time: [1_800_000_000, 7] }],
      ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    },
  ])
  assert.ok(request !== undefined)
  return request
}

const headers = { 'content-type': 'application/x-protobuf' }

test('spans that OpenTelemetry encodes arrive as they were, packed or not', async t => {
  const collector = await startOtlp()
  t.after(() => collector.close())
  const plain = await fetch(collector.url, { method: 'POST', headers, body: requestOf('one') })
  const packed = { ...headers, 'content-encoding': 'gzip' }
  const zipped = await fetch(collector.url, { method: 'POST', headers: packed, body: gzipSync(requestOf('two')) })
  assert.deepEqual([plain.status, zipped.status], [200, 200])
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['one', 'two'],
  )
  assert.deepEqual(collector.spans[0], {
    ...{ traceId, spanId: '0000000000000001', parentSpanId: '', name: 'one', kind: 2, code: 2 },
    ...{ start: 1_800_000_000_000_000_005n, end: 1_800_000_001_000_000_000n },
    attributes: { text: 'é', whole: 7, list: ['a', 'b'], yes: true },
    events: [{ name: 'sent', time: 1_800_000_000_000_000_007n }],
    ...{ resource: { 'service.name': 'tester' }, scope: 'scope', schemaUrl: '' },
  })
})

test('a sender is told what was not kept, and a failing receiver is an answer of 500', async t => {
  let isBroken = false
  const collector = await startOtlp({
    async received() {
      if (isBroken) throw new Error('the disk is full')
      return { count: 1, reason: 'it has no name' }
    },
  })
  t.after(() => collector.close())
  const send = () => fetch(collector.url, { method: 'POST', headers, body: requestOf('x') })
  const answer = ProtobufTraceSerializer.deserializeResponse(await (await send()).bytes())
  assert.deepEqual(
    [Number(answer.partialSuccess?.rejectedSpans), answer.partialSuccess?.errorMessage],
    [1, 'it has no name'],
  )
  isBroken = true
  assert.equal((await send()).status, 500)
  assert.equal(collector.spans.length, 1)
})

test('what is no request with spans is refused, and the collector goes on', async t => {
  const collector = await startOtlp()
  t.after(() => collector.close())
  const send = async (init: RequestInit, url = collector.url) => (await fetch(url, { method: 'POST', ...init })).status
  const statuses = [
    await send({ headers, body: Buffer.from([0xff, 0xff, 0xff]) }),
    await send({ headers: { ...headers, 'content-encoding': 'gzip' }, body: 'no gzip' }),
    await send({ headers: { ...headers, 'content-encoding': 'br' }, body: requestOf('x') }),
    await send({ headers: { 'content-type': 'application/json' }, body: '{}' }),
    await send({ headers, body: requestOf('x') }, collector.url.replace('traces', 'metrics')),
    await send({ headers, method: 'PUT', body: requestOf('x') }),
  ]
  assert.deepEqual(statuses, [400, 400, 415, 415, 404, 405])
  assert.equal(await send({ headers, body: requestOf('whole') }), 200)
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['whole'],
  )
})
