/** For tests: metrics as a request of OTLP has them, and a collector that takes them over HTTP. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { decoded, message, messagesOf, type Pair, plainAttributes } from '../../../../../simulator/src/otlp/messages.ts'
import { startHttp } from '../spans/sending.fixture.ts'

/** opentelemetry/proto/{collector/metrics,metrics}/v1. */
const root = messagesOf({
  Exemplar: message(
    {
      time: [2, 'fixed64'],
      asDouble: [3, 'double'],
      spanId: [4, 'bytes'],
      traceId: [5, 'bytes'],
      asInt: [6, 'sfixed64'],
      attributes: [7, 'KeyValue', 'repeated'],
    },
    { value: { oneof: ['asDouble', 'asInt'] } },
  ),
  NumberPoint: message(
    {
      start: [2, 'fixed64'],
      time: [3, 'fixed64'],
      asDouble: [4, 'double'],
      asInt: [6, 'sfixed64'],
      attributes: [7, 'KeyValue', 'repeated'],
    },
    { value: { oneof: ['asDouble', 'asInt'] } },
  ),
  HistogramPoint: message({
    start: [2, 'fixed64'],
    time: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    bucketCounts: [6, 'fixed64', 'repeated'],
    bounds: [7, 'double', 'repeated'],
    exemplars: [8, 'Exemplar', 'repeated'],
    attributes: [9, 'KeyValue', 'repeated'],
  }),
  Gauge: message({ points: [1, 'NumberPoint', 'repeated'] }),
  Sum: message({ points: [1, 'NumberPoint', 'repeated'], temporality: [2, 'int32'], monotonic: [3, 'bool'] }),
  Histogram: message({ points: [1, 'HistogramPoint', 'repeated'], temporality: [2, 'int32'] }),
  Metric: message(
    {
      name: [1, 'string'],
      description: [2, 'string'],
      unit: [3, 'string'],
      gauge: [5, 'Gauge'],
      sum: [7, 'Sum'],
      histogram: [9, 'Histogram'],
    },
    { value: { oneof: ['gauge', 'sum', 'histogram'] } },
  ),
  ScopeMetrics: message({ scope: [1, 'Scope'], metrics: [2, 'Metric', 'repeated'], schemaUrl: [3, 'string'] }),
  ResourceMetrics: message({ resource: [1, 'Resource'], scopeMetrics: [2, 'ScopeMetrics', 'repeated'] }),
  MetricsRequest: message({ resourceMetrics: [1, 'ResourceMetrics', 'repeated'] }),
})

export interface ReceivedMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly type: 'gauge' | 'sum' | 'histogram'
  readonly temporality: number
  readonly monotonic: boolean
  readonly points: readonly ReceivedPoint[]
  readonly resource: Readonly<Record<string, unknown>>
}

export interface ReceivedPoint {
  readonly attributes: Readonly<Record<string, unknown>>
  /** Nanoseconds since the epoch; 0 where it is not given. */
  readonly start: bigint
  readonly time: bigint
  /** Of a gauge or a sum. */
  readonly value: number
  /** Of a histogram. */
  readonly count: number
  readonly sum: number
  readonly bucketCounts: readonly number[]
  readonly bounds: readonly number[]
  readonly exemplars: readonly { readonly value: number; readonly traceId: string; readonly spanId: string }[]
}

interface DecodedPoint {
  readonly attributes?: readonly Pair[]
  readonly start?: string
  readonly time: string
  readonly asDouble?: number
  readonly asInt?: string
  readonly count?: string
  readonly sum?: number
  readonly bucketCounts?: readonly string[]
  readonly bounds?: readonly number[]
  readonly exemplars?: readonly { readonly asDouble?: number; readonly traceId?: Buffer; readonly spanId?: Buffer }[]
}

interface DecodedMetric {
  readonly name: string
  readonly description?: string
  readonly unit?: string
  readonly gauge?: { readonly points?: readonly DecodedPoint[] }
  readonly sum?: {
    readonly points?: readonly DecodedPoint[]
    readonly temporality?: number
    readonly monotonic?: boolean
  }
  readonly histogram?: { readonly points?: readonly DecodedPoint[]; readonly temporality?: number }
}

interface DecodedMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes?: readonly Pair[] }
    readonly scopeMetrics: readonly { readonly metrics?: readonly DecodedMetric[] }[]
  }[]
}

/** @throws where it is no request of OTLP. */
export function metricsIn(body: Buffer): ReceivedMetric[] {
  const { resourceMetrics } = decoded(root, 'MetricsRequest', body) as DecodedMetrics
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics = [] }) =>
      metrics.map(metric => receivedMetric(metric, plainAttributes(resource.attributes))),
    ),
  )
}

function receivedMetric(metric: DecodedMetric, resource: ReceivedMetric['resource']): ReceivedMetric {
  const { name, description = '', unit = '', gauge, sum, histogram } = metric
  return {
    ...{ name, description, unit, resource },
    type: gauge !== undefined ? 'gauge' : sum !== undefined ? 'sum' : 'histogram',
    temporality: (sum ?? histogram)?.temporality ?? 0,
    monotonic: sum?.monotonic ?? false,
    points: ((gauge ?? sum ?? histogram)?.points ?? []).map(receivedPoint),
  }
}

function receivedPoint(point: DecodedPoint): ReceivedPoint {
  return {
    attributes: plainAttributes(point.attributes),
    ...{ start: BigInt(point.start ?? 0), time: BigInt(point.time) },
    ...{ value: point.asDouble ?? Number(point.asInt ?? 0), count: Number(point.count ?? 0), sum: point.sum ?? 0 },
    ...{ bucketCounts: (point.bucketCounts ?? []).map(Number), bounds: point.bounds ?? [] },
    exemplars: (point.exemplars ?? []).map(({ asDouble = 0, traceId, spanId }) => ({
      value: asDouble,
      traceId: traceId?.toString('hex') ?? '',
      spanId: spanId?.toString('hex') ?? '',
    })),
  }
}

/** Answers a request; `number` counts from 1. */
type Answer = (response: ServerResponse, number: number) => void

/** A collector that takes metrics over HTTP. `received` has those of each request, whatever was answered. */
export async function startMetricsCollector(
  t: Pick<TestContext, 'after'>,
  answer: Answer = response => void response.writeHead(200).end(),
) {
  const received: ReceivedMetric[][] = []
  const origin = await startHttp(t, (request, body, response) => {
    assert.deepEqual([request.method, request.url], ['POST', '/v1/metrics'])
    received.push(metricsIn(body))
    answer(response, received.length)
  })
  return { url: `${origin}/v1/metrics`, received }
}
