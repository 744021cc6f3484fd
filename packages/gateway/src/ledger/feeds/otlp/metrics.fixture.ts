/**
 * For tests: metrics as a request of OTLP has them. Numbers and types of the fields are those of
 * opentelemetry/proto/{collector/metrics,metrics,common,resource}/v1 of
 * https://github.com/open-telemetry/opentelemetry-proto, without packages.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'

type Fields = Readonly<Record<string, readonly [id: number, type: string, rule?: 'repeated']>>

const message = (fields: Fields, oneofs = {}): protobuf.IType => ({
  oneofs,
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [
      name,
      { id, type, ...(rule === undefined ? {} : { rule }) },
    ]),
  ),
})

const root = protobuf.Root.fromJSON({
  nested: {
    AnyValue: message(
      {
        stringValue: [1, 'string'],
        boolValue: [2, 'bool'],
        intValue: [3, 'int64'],
        doubleValue: [4, 'double'],
        arrayValue: [5, 'ArrayValue'],
        bytesValue: [7, 'bytes'],
      },
      { value: { oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'bytesValue'] } },
    ),
    ArrayValue: message({ values: [1, 'AnyValue', 'repeated'] }),
    KeyValue: message({ key: [1, 'string'], value: [2, 'AnyValue'] }),
    Resource: message({ attributes: [1, 'KeyValue', 'repeated'] }),
    Scope: message({ name: [1, 'string'], version: [2, 'string'] }),
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
  },
})

interface Pair {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

const plainAttributes = (pairs: readonly Pair[] = []): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, plainValue(value)]))

function plainValue(value: Readonly<Record<string, unknown>>): unknown {
  const [[kind, plain] = []] = Object.entries(value)
  if (kind === 'intValue') return Number(plain)
  if (kind !== 'arrayValue') return plain
  return ((plain as { values?: Record<string, unknown>[] }).values ?? []).map(plainValue)
}

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
  const type = root.lookupType('MetricsRequest')
  const { resourceMetrics } = type.toObject(type.decode(body), { longs: String, bytes: Buffer }) as DecodedMetrics
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
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      assert.deepEqual([request.method, request.url], ['POST', '/v1/metrics'])
      received.push(metricsIn(gunzipSync(Buffer.concat(chunks))))
      answer(response, received.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/v1/metrics`, received }
}
