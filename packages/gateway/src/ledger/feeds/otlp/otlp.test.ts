import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closedPort } from '../../../../../../test/support/ports.ts'
import { endedLedger, startRunner } from '../filing/filing.fixture.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import { RetryLaterError } from '../retry-later.ts'
import { traceOf } from '../spans/ids.ts'
import { openFeed } from './index.ts'
import { otlpSettings, partialAnswer, startCollector, startSending } from './otlp.fixture.ts'
import { packingOf } from './packing.ts'

const exchanges = (count: number) => Array.from({ length: count }, () => recordedExchange())
const tracesOf = (spans: readonly { readonly traceId: string }[]): string[] =>
  [...new Set(spans.map(({ traceId }) => traceId))].toSorted()
const idsOf = (all: readonly { readonly id: string }[]): string[] =>
  all.map(({ id }) => traceOf({ id, copyOf: null, traceId: null })).toSorted()

test('a collector reads spans with their ids, times, kinds, values and resource from gzipped protobuf', async t => {
  const collector = await startCollector(t)
  const credential = { header: 'authorization', secret: 'Bearer 0123456789' }
  const { feed, counted } = startSending(t, { url: collector.url, credential, service: 'ai-gateway' })
  const exchange = recordedExchange({
    opened: { startedAtMs: 1_780_000_000_000.25, replica: 'gw-1', stream: true, toolDeployments: ['gpt-4o', 'ada-株'] },
    closed: { sentAtMs: 1_780_000_000_001 },
  })
  await feed.take([exchange])
  const [request, ...others] = collector.requests
  assert.deepEqual(others, [])
  assert.equal(request?.headers['authorization'], 'Bearer 0123456789')
  assert.equal(request?.headers['content-encoding'], 'gzip')
  assert.match(String(request?.headers['user-agent']), /^gatehouse\/\d/)
  assert.equal(counted.bytes, Number(request?.headers['content-length']))
  const [server, call, attempt] = collector.kept
  assert.ok(server !== undefined && call !== undefined && attempt !== undefined)
  assert.deepEqual(tracesOf(collector.kept), [exchange.id.replaceAll('-', '')])
  assert.deepEqual([server.parentSpanId, call.parentSpanId, attempt.parentSpanId], ['', server.spanId, call.spanId])
  assert.deepEqual([server.kind, call.kind, attempt.kind], [2, 3, 3])
  assert.deepEqual([server.start, server.end], [1_780_000_000_000_250_000n, 1_780_000_000_900_000_000n])
  assert.deepEqual(call.events, [
    { name: 'gatehouse.sent', time: 1_780_000_000_001_000_000n },
    { name: 'gatehouse.first_byte', time: 1_780_000_000_251_000_000n },
  ])
  assert.equal(call.attributes['gen_ai.usage.input_tokens'], 10)
  assert.equal(call.attributes['gen_ai.request.stream'], true)
  assert.equal(call.attributes['gen_ai.response.time_to_first_chunk'], 0.25)
  assert.deepEqual(call.attributes['gatehouse.tool_deployments'], ['gpt-4o', 'ada-株'])
  const { 'service.version': version, ...resource } = server.resource
  assert.match(String(version), /^\d+\./)
  assert.deepEqual(resource, { 'service.name': 'ai-gateway', 'service.instance.id': 'gw-1' })
  assert.deepEqual([server.scope, server.schemaUrl], ['gatehouse', ''])
})

test('replicas are resources of their own, and names of 1.41 alone come with the address of their schema', async t => {
  const collector = await startCollector(t)
  const { feed } = startSending(t, { url: collector.url, genai: 'v1_41' })
  await feed.take(['a', 'b', 'a'].map(replica => recordedExchange({ opened: { replica } })))
  const replicas = collector.kept.map(({ resource }) => String(resource['service.instance.id']))
  assert.deepEqual(replicas.join(''), 'aaaaaabbb')
  assert.deepEqual(
    [...new Set(collector.kept.map(({ schemaUrl }) => schemaUrl))],
    ['https://opentelemetry.io/schemas/1.41.0'],
  )
})

test('requests are not compressed where the settings say so, or where they leave it open and no network is crossed', async t => {
  const collector = await startCollector(t)
  const all = exchanges(3)
  for (const compression of ['none', 'gzip', 'auto'] as const)
    await startSending(t, { url: collector.url, compression }).feed.take(all)
  assert.deepEqual(
    collector.requests.map(({ headers }) => headers['content-encoding']),
    [undefined, 'gzip', undefined],
  )
  const [plain, packed, auto] = collector.requests.map(({ spans }) => spans)
  assert.equal(plain?.length, 9)
  assert.deepEqual([packed, auto], [plain, plain])
  const encodingTo = (host: string) =>
    packingOf({ url: `https://${host}:4318/v1/traces`, compression: 'auto' }).encoding
  assert.deepEqual(['127.0.0.1', '[::1]', 'localhost'].map(encodingTo), [null, null, null])
  assert.deepEqual(['10.0.0.4', 'localhost.contoso.com', '[fd00::1]'].map(encodingTo), ['gzip', 'gzip', 'gzip'])
})

// The canary: no sink may have what people wrote, or the secret.
test('neither prompts nor secrets are in spans, in errors or in the log', async t => {
  const collector = await startCollector(t, (response, number) =>
    number === 1
      ? response.writeHead(401).end('canary-answer')
      : response
          .writeHead(200, { 'content-type': 'application/x-protobuf' })
          .end(partialAnswer(1, 'one span has no name')),
  )
  const credential = { header: 'api-key', secret: 'canary-secret' }
  const { feed, failure, log } = startSending(t, { url: `${collector.url}`, credential, callers: true })
  const exchange = recordedExchange({ request: '{"q":"canary-prompt"}', response: 'canary-completion' })
  const { message } = await failure([exchange])
  assert.match(message, /^localhost:\d+ answered 401\. Check `credential`\.$/)
  await feed.take([exchange])
  const said = JSON.stringify([
    message,
    log.lines,
    collector.kept.map(span => ({ ...span, start: 0, end: 0, events: [] })),
  ])
  assert.ok(said.includes('Alice Example'))
  assert.ok(!said.includes('canary'), said)
})

test('what a collector rejects in part is not sent again, and the log says how much it was', async t => {
  const collector = await startCollector(t, response =>
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(partialAnswer(2, 'too old')),
  )
  const { feed, log, aside } = startSending(t, { url: collector.url })
  await feed.take(exchanges(3))
  assert.equal(collector.requests.length, 1)
  assert.deepEqual(aside, [])
  const [line, ...others] = log.lines
  assert.deepEqual(others, [])
  assert.deepEqual(line?.fields, { feed: 'traces', rejected: 2, spans: 9, reason: 'too old' })
  assert.equal(line?.message, 'feed_partial')
})

test('a pause that the collector asks for is kept, also with 429 and a date', async t => {
  const later = new Date(Date.now() + 3_600_000).toUTCString()
  const collector = await startCollector(t, (response, number) => {
    response.writeHead(number === 1 ? 503 : 429, { 'retry-after': number === 1 ? '7' : later }).end()
  })
  const { failure } = startSending(t, { url: collector.url })
  const first = await failure(exchanges(1))
  assert.ok(first instanceof RetryLaterError)
  assert.equal(first.afterMs, 7_000)
  assert.match(first.message, /answered 503 and asks for a pause of 7 s/)
  const second = await failure(exchanges(1))
  assert.ok(second instanceof RetryLaterError && second.afterMs > 3_000_000)
})

test('spans that were sent and not answered are sent again as the same spans', async t => {
  const collector = await startCollector(t, (response, number) => {
    if (number === 1) response.destroy()
    else response.writeHead(200).end()
  })
  const { feed, failure } = startSending(t, { url: collector.url })
  const all = exchanges(4)
  assert.match((await failure(all)).message, /^localhost:\d+: the connection broke/)
  await feed.take(all)
  const [lost, kept] = collector.requests.map(({ spans }) => spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`))
  assert.deepEqual(lost, kept)
})

test('what is too much for a collector is sent in halves, and a record that it refuses ten times is set aside', async t => {
  const all = exchanges(7)
  const poison = all[4] ?? assert.fail()
  const collector = await startCollector(t, (response, _number, spans) => {
    const isTooLarge = tracesOf(spans).length > 3
    const isPoisoned = tracesOf(spans).includes(traceOf(poison.opened))
    response.writeHead(isTooLarge ? 413 : isPoisoned ? 400 : 200).end()
  })
  const { feed, failure, aside } = startSending(t, { url: collector.url })
  for (let time = 1; time < 10; time += 1) assert.match((await failure(all)).message, /answered 400: it does not take/)
  assert.equal(aside.length, 0)
  await feed.take(all)
  assert.deepEqual(
    aside.map(({ id }) => id),
    [poison.id],
  )
  assert.match(aside[0]?.reason ?? '', /answered 400.*It was sent 10 times/)
  const kept = collector.kept.map(({ spanId }) => spanId)
  assert.equal(new Set(kept).size, kept.length)
  assert.deepEqual(tracesOf(collector.kept), idsOf(all.filter(({ id }) => id !== poison.id)))
})

const answers: readonly (readonly [status: number, says: RegExp])[] = [
  [302, /redirects are not followed/],
  [403, /Check `credential`/],
  [404, /most collectors take traces at \/v1\/traces/],
  [500, /tries again with growing pauses/],
  [504, /tries again with growing pauses/],
]
for (const [status, says] of answers) {
  test(`a collector that answers ${status} fails the feed with the reason, and nothing is lost`, async t => {
    const collector = await startCollector(t, (response, number) =>
      response.writeHead(number === 1 ? status : 200).end(),
    )
    const { feed, failure, aside } = startSending(t, { url: collector.url })
    const all = exchanges(2)
    const { message } = await failure(all)
    assert.ok(says.test(message) && message.includes(`answered ${status}`), message)
    await feed.take(all)
    assert.deepEqual([tracesOf(collector.kept), aside], [idsOf(all), []])
  })
}

test('a collector that is away, says nothing, or is no collector fails the feed with the reason', async t => {
  const away = startSending(t, { url: `http://localhost:${await closedPort()}/v1/traces` })
  assert.match((await away.failure(exchanges(1))).message, /nothing listens at that address/)
  const silent = await startCollector(t, () => {})
  const waiting = startSending(t, { url: silent.url, timeout: 50 })
  assert.match((await waiting.failure(exchanges(1))).message, /did not answer within 0\.05 s|did not answer in time/)
})

test('an answer that nobody can read does not send its request again', async t => {
  const bodies = [Buffer.from([0x0a, 0xff, 0xff]), Buffer.alloc(70_000, 1), Buffer.from('<html>')]
  const collector = await startCollector(t, (response, number) =>
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(bodies[number - 1]),
  )
  const { feed, aside } = startSending(t, { url: collector.url })
  for (const _ of bodies) await feed.take(exchanges(1))
  assert.deepEqual([collector.requests.length, aside], [3, []])
})

// A name of the operator's that is moved to a metadata service would send spans, and the secret, there.
test('nothing is sent to a name that has the address of a metadata service', async t => {
  const { failure } = startSending(t, { url: 'https://collector.corp.local:4318/v1/traces' }, (_name, done) =>
    done(null, [{ address: '169.254.169.254', family: 4 }]),
  )
  assert.match((await failure(exchanges(1))).message, /has the address 169\.254\.169\.254, which is not public/)
})

test('a feed over a journal sends every record that is sampled, and the cursor passes the others', async t => {
  const collector = await startCollector(t)
  const ended = await endedLedger(t)
  const settings = { ...otlpSettings, url: collector.url }
  const { runner } = await startRunner(t, ended, async parts => openFeed(settings, parts))
  await runner.caughtUp()
  assert.deepEqual(tracesOf(collector.kept), idsOf([...ended.rows.values()]))
  assert.equal(runner.progress().lagRecords, 0)
})
