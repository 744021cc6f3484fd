/** For tests: a collector that reads what the published protobufs say, and a feed that sends to it. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { ReceivedSpan } from '@gatehouse/simulator'
import { readSpans } from '../../../../../simulator/src/otlp/decode.ts'
import type { ResolveName } from '../checked-addresses.ts'
import { type Sending, sendingBy, startHttp } from '../spans/sending.fixture.ts'
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
  const origin = await startHttp(t, (request, body, response) => {
    const { headers } = request
    assert.deepEqual([request.method, request.url], ['POST', '/v1/traces'])
    assert.equal(headers['content-type'], 'application/x-protobuf')
    const spans = readSpans(body)
    collector.requests.push({ headers, spans })
    response.on('finish', () => {
      if (response.statusCode === 200) collector.kept.push(...spans)
    })
    collector.answer(response, collector.requests.length, spans)
  })
  const collector: TestCollector = { url: `${origin}/v1/traces`, requests: [], kept: [], answer }
  return collector
}

export const otlpSettings: Omit<OtlpSettings, 'url'> = {
  ...{
    protocol: 'http',
    compression: 'gzip',
    timeout: 15_000,
    service: 'gatehouse',
    genai: 'both',
    callers: false,
    providers: {},
  },
  sample: { share: 1, workloads: {} },
}

export function startSending(
  t: TestContext,
  settings: Partial<OtlpSettings> & Pick<OtlpSettings, 'url'>,
  resolve?: ResolveName,
): Sending {
  return sendingBy(t, 'traces', parts => otlpFeed({ ...otlpSettings, ...settings }, parts, undefined, resolve))
}
