import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { closedPort } from '../../../../test/support/ports.ts'
import { keptLog } from '../ledger/exchange.fixture.ts'
import { startGrpcCollector } from '../ledger/feeds/otlp/grpc.fixture.ts'
import {
  metricsIn,
  type ReceivedMetric,
  type ReceivedPoint,
  startMetricsCollector,
} from '../ledger/feeds/otlp/metrics.fixture.ts'
import { partialAnswer } from '../ledger/feeds/otlp/otlp.fixture.ts'
import { MetricsEncoder } from './encode-metrics.ts'
import { Figures } from './figures.ts'
import { GenAiFigures } from './genai-figures.ts'
import type { Metric } from './metric.ts'
import { endedCall, filled, sources } from './metrics.fixture.ts'
import { createMetrics } from './metrics.ts'
import { MetricsPush, type PushSettings } from './push.ts'

const startedAtMs = 1_780_000_000_000
const nowMs = 1_780_000_060_000.25

function startPush(t: TestContext, settings: Partial<PushSettings> & { readonly url: string }, figures = filled()) {
  const log = keptLog()
  const metrics = createMetrics(figures, sources)
  const push = new MetricsPush(
    {
      ...{ protocol: 'http', compression: 'auto', every: 3_600_000, timeout: 15_000, service: 'ai-gateway' },
      ...settings,
    },
    { read: () => metrics.read(), replica: 'gw-1', startedAtMs, clock: () => nowMs, log },
  )
  t.after(() => push.close())
  return { push, log, figures, metrics }
}

const named = (received: readonly ReceivedMetric[] | undefined, name: string): ReceivedMetric => {
  const found = received?.find(metric => metric.name === name)
  assert.ok(found !== undefined, name)
  return found
}

/** Values of a metric by its attributes. */
const valuesOf = ({ points }: ReceivedMetric, of = (point: ReceivedPoint): unknown => point.value): object =>
  Object.fromEntries(points.map(point => [Object.values(point.attributes).join(' '), of(point)]))

// One core, two faces: a dashboard on what is pushed and one on what is scraped must show the same.
test('a collector reads every metric of /metrics with its value, type, unit, time and resource', async t => {
  const collector = await startMetricsCollector(t)
  const { push, metrics } = startPush(t, { url: collector.url })
  await push.push()
  const [received, ...others] = collector.received
  assert.deepEqual(others, [])
  const { text } = await metrics.render()
  const scraped = [...text.matchAll(/^(gatehouse_\w+?)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels = '', value]) => [
    `${name} ${[...labels.matchAll(/"([^"]*)"/g)].map(([, label]) => label).join(' ')}`.trim(),
    Number(value),
  ])
  const pushed = (received ?? [])
    .filter(({ name, type }) => name.startsWith('gatehouse_') && type !== 'histogram')
    .flatMap(metric => Object.entries(valuesOf(metric)).map(([at, value]) => [`${metric.name} ${at}`.trim(), value]))
  const histograms = /_(bucket|sum|count) ?/
  assert.deepEqual(
    Object.fromEntries(pushed),
    Object.fromEntries(scraped.filter(([name]) => !histograms.test(String(name)))),
  )
  const calls = named(received, 'gatehouse_calls_total')
  assert.deepEqual([calls.type, calls.temporality, calls.monotonic], ['sum', 2, true])
  assert.deepEqual(calls.points[0]?.attributes, { workload: 'hr-bot', outcome: 'completed', code: '', status: '200' })
  assert.deepEqual(
    [calls.points[0]?.start, calls.points[0]?.time],
    [1_780_000_000_000_000_000n, 1_780_000_060_000_250_000n],
  )
  const duration = named(received, 'gatehouse_call_duration_seconds')
  assert.deepEqual([duration.type, duration.unit, duration.temporality], ['histogram', 's', 2])
  const [point] = duration.points
  assert.deepEqual([point?.count, point?.sum, point?.bounds.length, point?.bucketCounts.length], [1, 1.2, 14, 15])
  assert.equal(point?.bucketCounts[7], 1)
  assert.deepEqual(point?.exemplars, [
    { value: 1.2, traceId: '019abcdef012734586789abcdef01234', spanId: '86789abcdef01234' },
  ])
  const { 'service.version': version, ...resource } = duration.resource
  assert.match(String(version), /^\d+\./)
  assert.deepEqual(resource, { 'service.name': 'ai-gateway', 'service.instance.id': 'gw-1' })
  assert.equal(named(received, 'gatehouse_ledger_disk_free_bytes').unit, 'By')
  assert.equal(named(received, 'process_cpu_seconds_total').unit, 's')
})

test('the server of gRPC reads the same metrics', async t => {
  const overGrpc = await startGrpcCollector(t)
  const overHttp = await startMetricsCollector(t)
  await startPush(t, { url: overGrpc.url, protocol: 'grpc' }).push.push()
  await startPush(t, { url: overHttp.url }).push.push()
  const own = ({ name }: ReceivedMetric): boolean => name.startsWith('gatehouse_')
  assert.deepEqual(overGrpc.metrics.filter(own), overHttp.received[0]?.filter(own))
})

// The golden one: what one call adds to each family, and nothing else.
const golden = {
  v1_41: {
    'gen_ai.client.operation.duration': 'histogram s',
    'gen_ai.client.token.usage': 'histogram {token}',
  },
  v0_1: {
    'gen_ai.client.inference.duration': 'histogram s',
    'gen_ai.client.inference.time_to_first_chunk': 'histogram s',
    'gen_ai.client.inference.usage.input_tokens': 'sum {token}',
    'gen_ai.client.inference.usage.output_tokens': 'sum {token}',
    'gen_ai.client.inference.usage.cache_read.input_tokens': 'sum {token}',
    'gen_ai.client.inference.usage.reasoning.output_tokens': 'sum {token}',
    'gen_ai.client.inference.operation.input_tokens': 'histogram {token}',
    'gen_ai.client.inference.operation.output_tokens': 'histogram {token}',
  },
} as const

for (const family of ['v1_41', 'v0_1', 'both'] as const) {
  test(`a call has exactly the metrics of the family ${family}`, async t => {
    const collector = await startMetricsCollector(t)
    const figures = new Figures()
    figures.genai = new GenAiFigures(family, startedAtMs)
    figures.ended(endedCall)
    await startPush(t, { url: collector.url }, figures).push.push()
    const received = (collector.received[0] ?? []).filter(({ name }) => name.startsWith('gen_ai.'))
    const expected = family === 'both' ? { ...golden.v1_41, ...golden.v0_1 } : golden[family]
    assert.deepEqual(Object.fromEntries(received.map(({ name, type, unit }) => [name, `${type} ${unit}`])), expected)
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'azure.ai.openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'server.address': 'east',
    }
    for (const { name, points } of received) {
      const more = points.map(
        ({ attributes: { 'gen_ai.token.type': type, 'gen_ai.token.modality': modality, ...same } }) => {
          assert.deepEqual(same, attributes, name)
          return type ?? modality
        },
      )
      const isUsage = name.includes('.usage.')
      assert.deepEqual(
        more,
        name.endsWith('token.usage') ? ['input', 'output'] : isUsage ? ['unknown'] : [undefined],
        name,
      )
    }
    const sums = Object.fromEntries(
      received.map(metric => [metric.name, metric.points.map(({ value, sum }) => value + sum)]),
    )
    const all = {
      'gen_ai.client.operation.duration': [1.2],
      'gen_ai.client.token.usage': [1_000, 200],
      'gen_ai.client.inference.duration': [1.2],
      'gen_ai.client.inference.time_to_first_chunk': [0.4],
      'gen_ai.client.inference.usage.input_tokens': [1_000],
      'gen_ai.client.inference.usage.output_tokens': [200],
      'gen_ai.client.inference.usage.cache_read.input_tokens': [600],
      'gen_ai.client.inference.usage.reasoning.output_tokens': [50],
      'gen_ai.client.inference.operation.input_tokens': [1_000],
      'gen_ai.client.inference.operation.output_tokens': [200],
    }
    assert.deepEqual(sums, Object.fromEntries(Object.entries(all).filter(([name]) => name in expected)))
  })
}

test('embeddings have metrics of their own, errors their type, and modalities are told apart', () => {
  const figures = new GenAiFigures('both', startedAtMs)
  const embedding = { ...endedCall, operation: 'embeddings', stream: false, servedModel: null } as const
  figures.ended(embedding)
  figures.ended({ ...embedding, outcome: 'failed', code: 'backend_cut', usage: { ...embedding.usage, source: 'none' } })
  const usage = { ...endedCall.usage, audioPromptTokens: 300, imagePromptTokens: 100 }
  figures.ended({ ...endedCall, usage })
  const points = (name: string): Metric['points'] =>
    figures.metrics().find(metric => metric.name === name)?.points ?? []
  assert.deepEqual(
    points('gen_ai.client.embeddings.duration').map(({ attributes }) => attributes['error.type']),
    [undefined, 'backend_cut'],
  )
  assert.deepEqual(
    points('gen_ai.client.embeddings.usage.input_tokens').map(({ value }) => value),
    [1_000],
  )
  assert.deepEqual(
    points('gen_ai.client.token.usage').map(({ attributes }) => attributes['gen_ai.token.type']),
    ['input', 'input', 'output'],
  )
  assert.deepEqual(
    points('gen_ai.client.inference.usage.input_tokens').map(({ attributes, value }) => [
      attributes['gen_ai.token.modality'],
      value,
    ]),
    [
      ['text', 600],
      ['audio', 300],
      ['image', 100],
      ['unknown', 0],
    ],
  )
})

test('calls of no model, and those that were refused before an instance was chosen, are in no GenAI metric', () => {
  const figures = new GenAiFigures('both', startedAtMs)
  for (const change of [
    { operation: 'files' },
    { operation: null },
    { instance: null, provider: null },
    { deployment: null },
  ])
    figures.ended({ ...endedCall, ...change })
  assert.deepEqual(
    figures.metrics().flatMap(({ points }) => points),
    [],
  )
})

// A model's name comes from an answer: a backend must not be able to fill the memory, or the collector, with names.
test('a GenAI family never has more than 10,000 series and the one for all others', () => {
  const figures = new GenAiFigures('v1_41', startedAtMs)
  for (let at = 0; at < 12_000; at += 1) figures.ended({ ...endedCall, servedModel: `model-${at}` })
  const [duration] = figures.metrics()
  assert.equal(duration?.points.length, 10_001)
  const other = duration?.points.find(({ attributes }) => attributes['gen_ai.response.model'] === 'other')
  assert.equal(typeof other?.value === 'object' && other.value.sum > 2_000, true)
})

// Where a reload replaces an instance, its counters begin again. A step back would be a negative rate.
test('a counter that begins again has a new start, after the last figure that was sent', () => {
  const encoder = new MetricsEncoder('gatehouse', 'gw-1')
  const sent = (value: number, at: number): readonly bigint[] => {
    const points = [{ attributes: { instance: 'east' }, value }]
    const metric: Metric = { name: 'tries', description: '', unit: '', type: 'counter', points }
    const [received] = metricsIn(encoder.encode([metric], { nowMs: at, startedAtMs: 1_000 }))
    return received?.points.map(({ start }) => start) ?? []
  }
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1 }), values => {
      let began = 1_000n
      let last = 0
      for (const [index, value] of values.entries()) {
        const atMs = 2_000 + index * 1_000
        if (index > 0 && value < last) began = BigInt(atMs - 1_000)
        assert.deepEqual(sent(value, atMs), [began * 1_000_000n])
        last = value
      }
      // What is not sent is forgotten, so that what was removed does not stay in memory.
      encoder.encode([], { nowMs: 1, startedAtMs: 1_000 })
    }),
  )
})

// Without it, counters of a reload that begins to send again would step back to 0 with an old start.
test('GenAI figures that began after the process say so, and another family has the same figures', async t => {
  const collector = await startMetricsCollector(t)
  const figures = new Figures()
  figures.genai = new GenAiFigures('v1_41', startedAtMs + 5_000)
  figures.ended(endedCall)
  const { push } = startPush(t, { url: collector.url }, figures)
  await push.push()
  figures.genai.family = 'v0_1'
  await push.push()
  const names = ['gen_ai.client.operation.duration', 'gen_ai.client.inference.usage.input_tokens']
  const starts = names.map((name, at) => named(collector.received[at], name).points.map(({ start }) => start))
  const began = BigInt(startedAtMs + 5_000) * 1_000_000n
  assert.deepEqual(starts, [[began], [began]])
  assert.equal(named(collector.received[1], names[1] ?? '').points[0]?.value, 1_000)
  assert.equal(named(collector.received[1], 'gatehouse_calls_total').points[0]?.start, BigInt(startedAtMs) * 1_000_000n)
})

// The promise to calls: an exporter that is away or slow costs them nothing, and memory is bounded.
test('a collector that is away is told once, nothing piles up, and what it missed is in the next request', async t => {
  let isAway = true
  const collector = await startMetricsCollector(t, response => void response.writeHead(isAway ? 503 : 200).end())
  const { push, log, figures } = startPush(t, { url: collector.url })
  for (let time = 0; time < 3; time += 1) {
    figures.ended(endedCall)
    await push.push()
  }
  isAway = false
  await push.push()
  await push.push()
  assert.deepEqual(
    log.lines.map(({ level, message }) => `${level} ${message}`),
    ['warn metrics_not_sent', 'info metrics_sent'],
  )
  assert.equal(collector.received.length, 5)
  assert.deepEqual(Object.values(valuesOf(named(collector.received.at(-1), 'gatehouse_calls_total'))), [4])
})

test('while a request is under way no other one begins, and a collector that says nothing holds up no stop', async t => {
  const held: ServerResponse[] = []
  const collector = await startMetricsCollector(t, response => void held.push(response))
  const { push } = startPush(t, { url: collector.url })
  const [one, other] = [push.push(), push.push()]
  assert.equal(one, other)
  const { url } = await startMetricsCollector(t)
  const later = startPush(t, { url })
  await later.push.push()
  await push.close()
  assert.equal(collector.received.length, 1)
})

// The canary: no sink may have the secret, and no error repeats what a collector says.
test('the credential is sent and is in no log line', async t => {
  const headers: unknown[] = []
  const collector = await startMetricsCollector(t, (response, number) => {
    headers.push(response.req.headers['api-key'])
    if (number === 1) response.writeHead(401).end('canary-answer')
    else response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(partialAnswer(3, 'too old'))
  })
  const credential = { header: 'api-key', secret: 'canary-secret' }
  const { push, log } = startPush(t, { url: collector.url, credential })
  await push.push()
  await push.push()
  assert.deepEqual(headers, ['canary-secret', 'canary-secret'])
  const said = JSON.stringify(log.lines)
  assert.ok(said.includes('Check `credential`') && said.includes('metrics_partial') && !said.includes('canary'), said)
  const away = startPush(t, { url: `http://localhost:${await closedPort()}/v1/metrics`, credential })
  await away.push.push()
  assert.match(JSON.stringify(away.log.lines), /nothing listens at that address/)
})
