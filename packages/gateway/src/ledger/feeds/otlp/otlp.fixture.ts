/** For tests: a collector that reads what the published protobufs say, and a feed that sends to it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { ReceivedSpan } from '@gatehouse/simulator'
import { readSpans } from '../../../../../simulator/src/otlp/decode.ts'
import { keptLog } from '../../exchange.fixture.ts'
import type { ResolveName } from '../checked-addresses.ts'
import type { Feed, RecordedExchange } from '../index.ts'
import { otlpFeed } from './index.ts'
import type { OtlpSettings } from './settings.ts'

export { partialAnswer } from '../../../../../simulator/src/otlp/decode.ts'

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
      const spans = readSpans(gunzipSync(Buffer.concat(chunks)))
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
  ...{ protocol: 'http', timeout: 15_000, service: 'gatehouse', genai: 'both', callers: false, providers: {} },
  sample: { share: 1, workloads: {} },
}

export interface OtlpSending {
  readonly feed: Feed
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
  const feed = otlpFeed({ ...otlpSettings, ...settings }, parts, undefined, resolve)
  t.after(() => feed.close?.())
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
