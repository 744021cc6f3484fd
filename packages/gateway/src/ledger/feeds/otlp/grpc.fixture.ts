/** For tests: a collector that speaks OTLP over gRPC, with gRPC's own server. */

import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { ReceivedSpan } from '@gatehouse/simulator'
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import { readSpans } from '../../../../../simulator/src/otlp/decode.ts'
import { metricsIn, type ReceivedMetric } from './metrics.fixture.ts'

/** How a call ends: the bytes of its answer, or a status. `null` leaves it without an answer. */
export type GrpcAnswer =
  | Uint8Array
  | { readonly code: number; readonly details?: string; readonly metadata?: Metadata }
  | null

export interface TestGrpcCollector {
  readonly url: string
  readonly calls: { readonly metadata: Metadata; readonly spans: readonly ReceivedSpan[] }[]
  readonly kept: ReceivedSpan[]
  readonly metrics: ReceivedMetric[]
  answer: (number: number, spans: readonly ReceivedSpan[]) => GrpcAnswer
  /** Ends all connections, and takes none until the test ends. */
  stop(): void
}

const export_ = <Request>(service: string, read: (body: Buffer) => Request) =>
  ({
    path: `/opentelemetry.proto.collector.${service}/Export`,
    ...{ requestStream: false, responseStream: false },
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: read,
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => bytes,
  }) as const

export async function startGrpcCollector(
  t: Pick<TestContext, 'after'>,
  answer: TestGrpcCollector['answer'] = () => new Uint8Array(),
): Promise<TestGrpcCollector> {
  const server = new Server()
  server.addService(
    { Export: export_('trace.v1.TraceService', readSpans) },
    {
      Export(call: ServerUnaryCall<ReceivedSpan[], Uint8Array>, done: sendUnaryData<Uint8Array>) {
        const { request: spans, metadata } = call
        collector.calls.push({ metadata, spans })
        const said = collector.answer(collector.calls.length, spans)
        if (said === null) return
        if (!(said instanceof Uint8Array)) {
          done({ details: '', metadata: new Metadata(), ...said })
          return
        }
        collector.kept.push(...spans)
        done(null, said)
      },
    },
  )
  server.addService(
    { Export: export_('metrics.v1.MetricsService', metricsIn) },
    {
      Export(call: ServerUnaryCall<ReceivedMetric[], Uint8Array>, done: sendUnaryData<Uint8Array>) {
        collector.metrics.push(...call.request)
        done(null, new Uint8Array())
      },
    },
  )
  const port = await promisify((address: string, done: (error: Error | null, port: number) => void) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), done),
  )('127.0.0.1:0')
  t.after(() => server.forceShutdown())
  const collector: TestGrpcCollector = {
    url: `http://localhost:${port}`,
    ...{ calls: [], kept: [], metrics: [], answer },
    stop: () => server.forceShutdown(),
  }
  return collector
}
