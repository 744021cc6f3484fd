import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Metadata, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { closedPort } from '../../../../../../test/support/ports.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import { RetryLaterError } from '../retry-later.ts'
import { traceOf } from '../spans/ids.ts'
import { startGrpcCollector } from './grpc.fixture.ts'
import { partialAnswer, startCollector, startSending } from './otlp.fixture.ts'

const exchanges = (count: number) => Array.from({ length: count }, () => recordedExchange())
const grpc = (url: string) => ({ url, protocol: 'grpc' }) as const
const tracesOf = (spans: readonly { readonly traceId: string }[]): ReadonlySet<string> =>
  new Set(spans.map(({ traceId }) => traceId))

test('the server of gRPC reads the same spans as a collector over HTTP', async t => {
  const [overGrpc, overHttp] = [await startGrpcCollector(t), await startCollector(t)]
  const credential = { header: 'authorization', secret: 'Bearer 0123456789' }
  const sending = startSending(t, { ...grpc(overGrpc.url), credential })
  const all = exchanges(3)
  await sending.feed.take(all)
  await startSending(t, { url: overHttp.url }).feed.take(all)
  assert.deepEqual(overGrpc.kept, overHttp.kept)
  const [call, ...others] = overGrpc.calls
  assert.deepEqual(others, [])
  assert.deepEqual(call?.metadata.get('authorization'), ['Bearer 0123456789'])
  assert.match(String(call?.metadata.get('user-agent')), /^gatehouse\/\d/)
  assert.ok(sending.counted.bytes > 300)
})

test('the server of gRPC reads messages that are not compressed', async t => {
  const collector = await startGrpcCollector(t)
  const all = exchanges(2)
  const sizes: number[] = []
  for (const compression of ['gzip', 'none'] as const) {
    const sending = startSending(t, { ...grpc(collector.url), compression })
    await sending.feed.take(all)
    sizes.push(sending.counted.bytes)
  }
  assert.equal(collector.kept.length, 12)
  assert.deepEqual(collector.kept.slice(6), collector.kept.slice(0, 6))
  const [packed = 0, plain = 0] = sizes
  assert.ok(packed < plain / 2)
})

test('requests follow each other on one connection, and a connection that was ended is replaced', async t => {
  const first = await startGrpcCollector(t)
  const { feed, failure } = startSending(t, grpc(first.url))
  for (let time = 0; time < 3; time += 1) await feed.take(exchanges(1))
  assert.equal(first.calls.length, 3)
  first.stop()
  assert.match((await failure(exchanges(1))).message, /^localhost:\d+: .*\((ECONNREFUSED|ECONNRESET|ERR_\w+)\)\.$/)
})

test('what a collector rejects in part is not sent again, and the log says how much it was', async t => {
  const collector = await startGrpcCollector(t, () => partialAnswer(2, 'too old'))
  const { feed, log } = startSending(t, grpc(collector.url))
  await feed.take(exchanges(3))
  assert.deepEqual(
    log.lines.map(({ message, fields }) => [message, fields]),
    [['feed_partial', { feed: 'traces', rejected: 2, spans: 9, reason: 'too old' }]],
  )
})

test('an answer that nobody can read does not send its request again', async t => {
  const answers = [Buffer.from([0x0a, 0xff, 0xff]), Buffer.alloc(70_000, 1), Buffer.from('<html>')]
  const collector = await startGrpcCollector(t, number => answers[number - 1] ?? assert.fail())
  const { feed, aside } = startSending(t, grpc(collector.url))
  for (const _ of answers) await feed.take(exchanges(1))
  assert.deepEqual([collector.calls.length, aside], [3, []])
})

/** A status with a pause, as google.rpc.RetryInfo. */
function withPause(seconds: number, nanos: number): Metadata {
  const root = protobuf.Root.fromJSON({
    nested: {
      Duration: { fields: { seconds: { id: 1, type: 'int64' }, nanos: { id: 2, type: 'int32' } } },
      RetryInfo: { fields: { retryDelay: { id: 1, type: 'Duration' } } },
      Any: { fields: { typeUrl: { id: 1, type: 'string' }, value: { id: 2, type: 'bytes' } } },
      Status: {
        fields: {
          code: { id: 1, type: 'int32' },
          message: { id: 2, type: 'string' },
          details: { id: 3, type: 'Any', rule: 'repeated' },
        },
      },
    },
  })
  const encoded = (name: string, value: object): Uint8Array => {
    const type = root.lookupType(name)
    return type.encode(type.fromObject(value)).finish()
  }
  const pause = encoded('RetryInfo', { retryDelay: { seconds, nanos } })
  const details = [
    { typeUrl: 'type.googleapis.com/google.rpc.Help', value: Buffer.from('anything') },
    { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: pause },
  ]
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(encoded('Status', { code: 8, message: 'busy', details })))
  return metadata
}

for (const code of [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]) {
  test(`a pause that a collector asks for with ${status[code]} is kept`, async t => {
    const collector = await startGrpcCollector(t, number =>
      number === 1 ? { code, metadata: withPause(7, 500_000_000) } : new Uint8Array(),
    )
    const { feed, failure, aside } = startSending(t, grpc(collector.url))
    const all = exchanges(2)
    const error = await failure(all)
    assert.ok(error instanceof RetryLaterError)
    assert.equal(error.afterMs, 7_500)
    assert.match(error.message, new RegExp(`answered ${status[code]} and asks for a pause of 8 s`))
    await feed.take(all)
    assert.deepEqual([collector.kept.length, aside], [6, []])
  })
}

const failures: readonly (readonly [code: number, says: RegExp])[] = [
  [status.CANCELLED, /answered CANCELLED\. The feed tries again/],
  [status.UNKNOWN, /answered UNKNOWN\. The feed tries again/],
  [status.DEADLINE_EXCEEDED, /tries again with growing pauses/],
  [status.PERMISSION_DENIED, /Check `credential`/],
  [status.ABORTED, /tries again with growing pauses/],
  [status.OUT_OF_RANGE, /tries again with growing pauses/],
  [status.UNIMPLEMENTED, /Correct `url`: no such service is there/],
  [status.INTERNAL, /tries again with growing pauses/],
  [status.UNAVAILABLE, /tries again with growing pauses/],
  [status.DATA_LOSS, /tries again with growing pauses/],
  [status.UNAUTHENTICATED, /Check `credential`/],
]
for (const [code, says] of failures) {
  test(`a collector that answers ${status[code]} fails the feed with the reason, and nothing is lost`, async t => {
    const collector = await startGrpcCollector(t, number =>
      number === 1 ? { code, details: 'canary-details' } : new Uint8Array(),
    )
    const { feed, failure, aside } = startSending(t, grpc(collector.url))
    const all = exchanges(2)
    const { message } = await failure(all)
    assert.ok(says.test(message) && !message.includes('canary'), message)
    await feed.take(all)
    assert.deepEqual([tracesOf(collector.kept).size, aside], [2, []])
  })
}

test('what is too much for a collector is sent in halves, and a record that it refuses ten times is set aside', async t => {
  const all = exchanges(7)
  const poison = all[4] ?? assert.fail()
  const collector = await startGrpcCollector(t, (_number, spans) => {
    const traces = tracesOf(spans)
    if (traces.size > 3) return { code: status.RESOURCE_EXHAUSTED, details: 'received message larger than max' }
    return traces.has(traceOf(poison.opened)) ? { code: status.INVALID_ARGUMENT } : new Uint8Array()
  })
  const { feed, failure, aside } = startSending(t, grpc(collector.url))
  for (let time = 1; time < 10; time += 1) assert.match((await failure(all)).message, /answered INVALID_ARGUMENT: it/)
  await feed.take(all)
  assert.deepEqual(
    aside.map(({ id }) => id),
    [poison.id],
  )
  assert.deepEqual(tracesOf(collector.kept), new Set(all.filter(one => one !== poison).map(one => traceOf(one.opened))))
})

test('a collector that is away or says nothing fails the feed with the reason', async t => {
  const away = startSending(t, grpc(`http://localhost:${await closedPort()}`))
  assert.match((await away.failure(exchanges(1))).message, /nothing listens at that address/)
  const silent = await startGrpcCollector(t, () => null)
  const waiting = startSending(t, { ...grpc(silent.url), timeout: 50 })
  assert.match((await waiting.failure(exchanges(1))).message, /did not answer within 0\.05 s/)
})

test('what does not speak gRPC fails the feed with the reason', async t => {
  const http = await startCollector(t)
  const overHttp = startSending(t, grpc(new URL(http.url).origin))
  assert.match((await overHttp.failure(exchanges(1))).message, /does not speak HTTP\/2|the connection broke/)
  const closing = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
  await once(closing, 'listening')
  t.after(() => closing.close())
  const closed = startSending(t, grpc(`http://localhost:${(closing.address() as AddressInfo).port}`))
  assert.match((await closed.failure(exchanges(1))).message, /^localhost:\d+: the connection broke/)
})

// A name of the operator's that is moved to a metadata service would send spans, and the secret, there.
test('nothing is sent to a name that has the address of a metadata service', async t => {
  const { failure } = startSending(t, grpc('https://collector.corp.local:4317'), (_name, done) =>
    done(null, [{ address: '169.254.169.254', family: 4 }]),
  )
  assert.match((await failure(exchanges(1))).message, /has the address 169\.254\.169\.254, which is not public/)
  const literal = startSending(t, grpc('https://169.254.169.254:4317'))
  assert.match((await literal.failure(exchanges(1))).message, /has the address 169\.254\.169\.254, which is not public/)
})
