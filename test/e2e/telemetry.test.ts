/** What one call through a running gateway is as spans and metrics, in each family of names, with real collectors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import {
  instrumentationKey,
  startEndpoint,
} from '../../packages/gateway/src/ledger/feeds/application-insights/receiver.fixture.ts'
import {
  type ReceivedMetric,
  startMetricsCollector,
} from '../../packages/gateway/src/ledger/feeds/otlp/metrics.fixture.ts'
import { startCollector } from '../../packages/gateway/src/ledger/feeds/otlp/otlp.fixture.ts'
import { closedPort } from '../support/ports.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, startWorld, type World } from '../support/world.ts'

async function chat(world: World): Promise<string> {
  const answer = await fetch(world.url + chatPath, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: ask('What does canary-question mean?'), max_tokens: 20, stream: true }),
  })
  await answer.text()
  assert.equal(answer.status, 200)
  return answer.headers.get('x-gatehouse-request-id') ?? ''
}

const genAiNames = (metrics: readonly ReceivedMetric[]): string[] =>
  metrics.filter(({ name }) => name.startsWith('gen_ai.')).map(({ name }) => name)

const families = [
  ['v1_41', ['gen_ai.client.operation.duration', 'gen_ai.client.token.usage']],
  [
    'v0_1',
    [
      'gen_ai.client.inference.duration',
      'gen_ai.client.inference.time_to_first_chunk',
      'gen_ai.client.inference.usage.input_tokens',
      'gen_ai.client.inference.usage.output_tokens',
      'gen_ai.client.inference.usage.cache_read.input_tokens',
      'gen_ai.client.inference.usage.reasoning.output_tokens',
      'gen_ai.client.inference.operation.input_tokens',
      'gen_ai.client.inference.operation.output_tokens',
    ],
  ],
] as const

for (const [family, names] of families) {
  test(`a call is three spans and the metrics of ${family}, and no sink has its prompt`, async t => {
    const [spans, metrics, insights] = await Promise.all([
      startCollector(t),
      startMetricsCollector(t),
      startEndpoint(t),
    ])
    const feed = { genai: family, batch: { time: '1s' } } as const
    const { connectionString } = insights
    const world = await startWorld(t, {
      change: config => ({
        ...config,
        feeds: {
          traces: { kind: 'otlp', url: spans.url, ...feed },
          insights: { kind: 'application-insights', connectionString, ...feed },
        },
        telemetry: { genai: family, metrics: { url: metrics.url, every: '1s' } },
      }),
    })
    const trace = (await chat(world)).replaceAll('-', '')
    await eventually('the spans', () => (spans.kept.length >= 3 ? true : null))
    await eventually('the items', () => (insights.requests.length > 0 ? true : null))
    const last = await eventually(
      'the metrics of the call',
      () => metrics.received.find(received => genAiNames(received).length > 0) ?? null,
    )
    assert.deepEqual(
      spans.kept.map(({ traceId, kind }) => [traceId, kind]),
      [
        [trace, 2],
        [trace, 3],
        [trace, 3],
      ],
    )
    const tokens = spans.kept[1]?.attributes['gen_ai.usage.output_tokens']
    assert.ok(Number(tokens) > 0)
    assert.deepEqual(
      insights.requests.flatMap(({ items }) => items.map(item => [item.tags['ai.operation.id'], item.data.baseType])),
      [
        [trace, 'RequestData'],
        [trace, 'RemoteDependencyData'],
        [trace, 'RemoteDependencyData'],
      ],
    )
    assert.equal(insights.requests[0]?.items[1]?.data.baseData.properties['gen_ai.usage.output_tokens'], String(tokens))
    assert.deepEqual(genAiNames(last).toSorted(), [...names].toSorted())
    const exemplars = last
      .filter(({ name }) => name === 'gatehouse_call_duration_seconds')
      .flatMap(({ points }) => points.flatMap(point => point.exemplars.map(({ traceId }) => traceId)))
    assert.deepEqual(exemplars, [trace])
    const said = JSON.stringify([spans.kept, insights.requests, metrics.received], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    assert.ok(!said.includes('canary-question'))
    assert.ok(
      !JSON.stringify([spans.kept.map(({ attributes }) => attributes), last.map(({ name }) => name)]).includes(
        instrumentationKey,
      ),
    )
  })
}

test('a reload begins and ends the sending of metrics, and the last figures are sent', async t => {
  const metrics = await startMetricsCollector(t)
  const world = await startWorld(t)
  const sending = { genai: 'both', metrics: { url: metrics.url, every: '1h' } } as const
  const { house, config } = world
  assert.deepEqual(house.reload({ ...config, telemetry: configSchema.shape.telemetry.parse(sending) }), [])
  await chat(world)
  await eventually('the call has ended', async () => ((await house.ledger.health()).openExchanges === 0 ? true : null))
  assert.deepEqual(house.reload(config), [])
  const last = await eventually('the last figures', () => metrics.received[0] ?? null)
  const calls = last.filter(({ name }) => name === 'gatehouse_calls_total').flatMap(({ points }) => points)
  assert.deepEqual(
    calls.map(({ value }) => value),
    [1],
  )
  assert.ok(genAiNames(last).length > 0)
})

// The promise to calls: whatever the other side of telemetry does, they go on, and so does a stop.
test('calls go on and a gateway stops while no side of its telemetry can be reached', async t => {
  const away = `http://localhost:${await closedPort()}`
  const world = await startWorld(t, {
    change: config => ({
      ...config,
      feeds: {
        traces: { kind: 'otlp', url: away, protocol: 'grpc' },
        insights: {
          kind: 'application-insights',
          connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=${away}/`,
        },
      },
      telemetry: { metrics: { url: `${away}/v1/metrics`, every: '1s' } },
    }),
  })
  for (let time = 0; time < 3; time += 1) await chat(world)
  await eventually('both feeds fail', async () => {
    const states = await world.house.ledger.feeds.states()
    return states.length === 2 && states.every(({ status }) => status === 'failing') ? true : null
  })
  await chat(world)
  await world.house.close()
})
