/** A backend that belongs to the test: records what reached it, and answers as the test sets it up. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from './world.ts'

export interface Received {
  readonly method: string
  readonly url: string
  /** Names and values alternately, as they came. */
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Backend {
  readonly url: string
  /** Complete requests, in order. */
  readonly received: readonly Received[]
  answer: (request: Received, response: ServerResponse) => void
}

/** Closed after the test. Answers `{"ok":true}` until `answer` is replaced. */
export async function startBackend(t: Scope): Promise<Backend> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = request
      const whole = { method, url, rawHeaders, headers, body: Buffer.concat(chunks).toString() }
      received.push(whole)
      backend.answer(whole, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const backend: Backend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'),
  }
  return backend
}
