/** For tests: a receiver of webhooks that verifies what comes, and a feed that sends to it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { keptLog } from '../../exchange.fixture.ts'
import type { ResolveName } from '../checked-addresses.ts'
import type { RecordedExchange } from '../index.ts'
import { WebhookFeed } from './index.ts'
import type { WebhookSettings } from './settings.ts'

export const secret = `whsec_${Buffer.alloc(32, 'key of the test').toString('base64')}`

export interface Message {
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly feed: string
  readonly records: readonly Readonly<Record<string, unknown>>[]
  readonly headers: IncomingMessage['headers']
}

/** Answers a request; `number` counts from 1. Default: 204. */
export type Answer = (response: ServerResponse, number: number, request: IncomingMessage) => void

export interface TestReceiver {
  readonly url: string
  /** What has come whole and is signed. */
  readonly messages: Message[]
  /** Connections so far. */
  readonly connections: () => number
  answer: Answer
}

export async function startReceiver(
  t: TestContext,
  answer: Answer = response => response.writeHead(204).end(),
  tls: { readonly certificate: string; readonly privateKey: string } | null = null,
): Promise<TestReceiver> {
  let connections = 0
  let requests = 0
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      receiver.messages.push(verified(Buffer.concat(chunks), request.headers))
      receiver.answer(response, ++requests, request)
    })
  }
  const server: Server =
    tls === null ? createPlain(listen) : createTls({ cert: tls.certificate, key: tls.privateKey }, listen)
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = `${tls === null ? 'http' : 'https'}://localhost:${port}/hook/path-of-the-hook`
  const receiver: TestReceiver = { url, messages: [], connections: () => connections, answer }
  return receiver
}

/** @throws WebhookVerificationError of the library when the signature is not right. */
export function verified(body: Buffer, headers: IncomingMessage['headers'], key = secret): Message {
  const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  const payload = new Webhook(key).verify(body, fields) as {
    readonly type: string
    readonly timestamp: string
    readonly data: Pick<Message, 'feed' | 'records'>
  }
  const { type, timestamp, data } = payload
  return { id: fields['webhook-id'] ?? '', type, timestamp, ...data, headers }
}

export interface Sending {
  readonly feed: WebhookFeed
  readonly aside: { readonly id: string; readonly reason: string }[]
  readonly counted: { bytes: number; pauses: number }
  /** The error with which the feed rejects. It names no secret. */
  failure(exchanges: readonly RecordedExchange[]): Promise<Error>
}

export function startSending(
  t: TestContext,
  settings: Partial<WebhookSettings> & Pick<WebhookSettings, 'url'>,
  resolve?: ResolveName,
): Sending {
  const aside: Sending['aside'] = []
  const counted = { bytes: 0, pauses: 0 }
  const feed = new WebhookFeed(
    {
      ...{ credential: { secret }, timeout: 15_000 },
      ...{ form: 'gatehouse', columns: null, bodies: false },
      ...settings,
    },
    {
      name: 'alerts',
      log: keptLog(),
      temporary: '',
      setAside: ({ id }, reason) => aside.push({ id, reason }),
      sent: bytes => {
        counted.bytes += bytes
      },
      pause: () => {
        counted.pauses += 1
      },
    },
    undefined,
    resolve,
  )
  t.after(() => feed.close())
  return {
    ...{ feed, aside, counted },
    async failure(exchanges) {
      const error: unknown = await feed.take(exchanges).then(
        () => assert.fail('the feed did not reject'),
        rejection => rejection,
      )
      assert.ok(error instanceof Error)
      for (const hidden of [secret, secret.slice(6), 'path-of-the-hook']) assert.ok(!error.message.includes(hidden))
      return error
    },
  }
}
