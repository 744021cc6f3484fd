/** For tests: what receivers of spans and metrics have in common, and the feeds that send to them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { keptLog } from '../../exchange.fixture.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'

/**
 * A server over HTTP.
 * @param take called with each request and its body, unpacked where it is gzip.
 * @returns its origin.
 */
export async function startHttp(
  t: Pick<TestContext, 'after'>,
  take: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      take(request, request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

export interface Sending {
  readonly feed: Feed
  readonly aside: { readonly id: string; readonly reason: string }[]
  readonly counted: { bytes: number }
  readonly log: ReturnType<typeof keptLog>
  /** The error with which the feed rejects. */
  failure(exchanges: readonly RecordedExchange[]): Promise<Error>
}

export function sendingBy(t: TestContext, name: string, open: (parts: FeedParts) => Feed): Sending {
  const aside: Sending['aside'] = []
  const counted = { bytes: 0 }
  const log = keptLog()
  const feed = open({
    ...{ name, log, temporary: '' },
    setAside: ({ id }, reason) => void aside.push({ id, reason }),
    sent(bytes) {
      assert.ok(bytes > 0)
      counted.bytes += bytes
    },
    pause: () => assert.fail('this feed does not pause itself'),
  })
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
