/** For tests: a collector that reads what the published protobufs say, and a feed that sends to it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { keptLog } from '../../exchange.fixture.ts'
import type { ResolveName } from '../checked-addresses.ts'
import type { RecordedExchange } from '../index.ts'
import { OtlpFeed } from './index.ts'
import type { OtlpSettings } from './settings.ts'

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

/**
 * Numbers and types of the fields, from opentelemetry/proto/{collector/trace,trace,common,resource}/v1 of
 * https://github.com/open-telemetry/opentelemetry-proto, without packages.
 */
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
    Event: message({ time: [1, 'fixed64'], name: [2, 'string'], attributes: [3, 'KeyValue', 'repeated'] }),
    Status: message({ message: [2, 'string'], code: [3, 'int32'] }),
    Span: message({
      traceId: [1, 'bytes'],
      spanId: [2, 'bytes'],
      parentSpanId: [4, 'bytes'],
      name: [5, 'string'],
      kind: [6, 'int32'],
      start: [7, 'fixed64'],
      end: [8, 'fixed64'],
      attributes: [9, 'KeyValue', 'repeated'],
      events: [11, 'Event', 'repeated'],
      status: [15, 'Status'],
      flags: [16, 'fixed32'],
    }),
    ScopeSpans: message({ scope: [1, 'Scope'], spans: [2, 'Span', 'repeated'], schemaUrl: [3, 'string'] }),
    ResourceSpans: message({ resource: [1, 'Resource'], scopeSpans: [2, 'ScopeSpans', 'repeated'] }),
    Request: message({ resourceSpans: [1, 'ResourceSpans', 'repeated'] }),
    Partial: message({ rejectedSpans: [1, 'int64'], errorMessage: [2, 'string'] }),
    Response: message({ partialSuccess: [1, 'Partial'] }),
  },
})

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  /** As in the protobufs: 1 internal, 2 server, 3 client. */
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string; readonly time: bigint }[]
  readonly code: number
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: string
  readonly schemaUrl: string
}

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

/** What the decoder makes of a request. */
interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: readonly Pair[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly schemaUrl?: string
      readonly spans: readonly {
        readonly traceId?: Buffer
        readonly spanId?: Buffer
        readonly parentSpanId?: Buffer
        readonly name: string
        readonly kind: number
        readonly start: string
        readonly end: string
        readonly attributes?: readonly Pair[]
        readonly events?: readonly { readonly name: string; readonly time: string }[]
        readonly status?: { readonly code?: number }
      }[]
    }[]
  }[]
}

/** @throws where it is no request of OTLP. */
function spansIn(body: Buffer): ReceivedSpan[] {
  const type = root.lookupType('Request')
  const { resourceSpans } = type.toObject(type.decode(body), { longs: String, bytes: Buffer }) as Decoded
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans, schemaUrl = '' }) =>
      spans.map(span => ({
        traceId: span.traceId?.toString('hex') ?? '',
        spanId: span.spanId?.toString('hex') ?? '',
        parentSpanId: span.parentSpanId?.toString('hex') ?? '',
        ...{ name: span.name, kind: span.kind, start: BigInt(span.start), end: BigInt(span.end) },
        attributes: plainAttributes(span.attributes),
        events: (span.events ?? []).map(({ name, time }) => ({ name, time: BigInt(time) })),
        code: span.status?.code ?? 0,
        ...{ resource: plainAttributes(resource.attributes), scope: scope.name, schemaUrl },
      })),
    ),
  )
}

/** An answer of a collector that has not kept all spans. */
export function partialAnswer(rejectedSpans: number, errorMessage: string): Uint8Array {
  const type = root.lookupType('Response')
  return type.encode(type.fromObject({ partialSuccess: { rejectedSpans, errorMessage } })).finish()
}

/** Answers a request; `number` counts from 1. */
type Answer = (response: ServerResponse, number: number, spans: readonly ReceivedSpan[]) => void

export interface TestCollector {
  readonly url: string
  /** Of each request, whatever was answered. */
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly spans: readonly ReceivedSpan[] }[]
  /** Spans of requests that were answered 200. */
  readonly kept: ReceivedSpan[]
  answer: Answer
}

export async function startCollector(
  t: Pick<TestContext, 'after'>,
  answer: Answer = response => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(),
): Promise<TestCollector> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const { headers } = request
      assert.deepEqual([request.method, request.url], ['POST', '/v1/traces'])
      assert.deepEqual([headers['content-type'], headers['content-encoding']], ['application/x-protobuf', 'gzip'])
      const spans = spansIn(gunzipSync(Buffer.concat(chunks)))
      collector.requests.push({ headers, spans })
      response.on('finish', () => {
        if (response.statusCode === 200) collector.kept.push(...spans)
      })
      collector.answer(response, collector.requests.length, spans)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const collector: TestCollector = { url: `http://localhost:${port}/v1/traces`, requests: [], kept: [], answer }
  return collector
}

export const otlpSettings: Omit<OtlpSettings, 'url'> = {
  ...{ timeout: 15_000, service: 'gatehouse', genai: 'both', callers: false, providers: {} },
  sample: { share: 1, workloads: {} },
}

export interface OtlpSending {
  readonly feed: OtlpFeed
  readonly aside: { readonly id: string; readonly reason: string }[]
  readonly counted: { bytes: number }
  readonly log: ReturnType<typeof keptLog>
  /** The error with which the feed rejects. */
  failure(exchanges: readonly RecordedExchange[]): Promise<Error>
}

export function startSending(
  t: TestContext,
  settings: Partial<OtlpSettings> & Pick<OtlpSettings, 'url'>,
  resolve?: ResolveName,
): OtlpSending {
  const aside: OtlpSending['aside'] = []
  const counted = { bytes: 0 }
  const log = keptLog()
  const parts = {
    ...{ name: 'traces', log, temporary: '' },
    setAside: ({ id }: RecordedExchange, reason: string) => void aside.push({ id, reason }),
    sent(bytes: number) {
      counted.bytes += bytes
    },
    pause: () => assert.fail('this feed does not pause itself'),
  }
  const feed = new OtlpFeed({ ...otlpSettings, ...settings }, parts, undefined, resolve)
  t.after(() => feed.close())
  return {
    ...{ feed, aside, counted, log },
    async failure(exchanges) {
      const error: unknown = await feed.take(exchanges).then(
        () => assert.fail('the feed did not reject'),
        rejection => rejection,
      )
      assert.ok(error instanceof Error)
      return error
    },
  }
}
