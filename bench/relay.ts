/**
 * The yardstick: the least that a relay on `node:http` and `undici` can do. It parses the question's JSON as a gateway
 * must, forwards it, and parses the answer's JSON, or forwards a stream chunk by chunk with back-pressure. It
 * identifies no caller, checks nothing, and stores nothing.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { answerParent, isChild } from './child.ts'

/** The answer's headers without those that concern one connection only (RFC 9110 section 7.6.1). */
function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  // Changed in place: no other code uses the object, and a copy was measurably slower.
  delete headers.connection
  delete headers['keep-alive']
  delete headers['transfer-encoding']
  return headers
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = JSON.stringify({ error: { code: String(status), message } })
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString())
    return true
  } catch {
    return false
  }
}

/** Relays one answer of the backend to the client. */
class Relaying implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  #parts: Buffer[] = []
  #status = 502
  #headers: OutgoingHttpHeaders = {}
  #streamed = false

  constructor(response: ServerResponse) {
    this.#response = response
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the client left'))
    })
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = endToEnd(headers)
    this.#streamed = headers['content-type']?.startsWith('text/event-stream') ?? false
    if (this.#streamed) this.#response.writeHead(status, this.#headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#streamed) this.#parts.push(bytes)
    else if (!this.#response.write(bytes)) {
      controller.pause()
      this.#response.once('drain', () => controller.resume())
    }
  }

  onResponseEnd(): void {
    if (this.#streamed) {
      this.#response.end()
      return
    }
    const [only] = this.#parts
    const body = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts)
    if (!isJson(body)) {
      refuse(this.#response, 502, 'the backend did not answer with JSON')
      return
    }
    this.#response.writeHead(this.#status, this.#headers)
    this.#response.end(body)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    refuse(this.#response, 502, error.message)
  }
}

function relay(pool: Pool, request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = []
  request.on('data', (bytes: Buffer) => parts.push(bytes))
  request.on('end', () => {
    const [only] = parts
    const body = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
    if (!isJson(body)) return refuse(response, 400, 'the body is not JSON')
    const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' }
    pool.dispatch({ path: request.url ?? '/', method: 'POST', headers, body }, new Relaying(response))
  })
}

export interface Relay {
  /** As http://127.0.0.1:PORT, without a path. */
  readonly url: string
  close(): Promise<void>
}

/** Listens on a free port of the loopback address. `upstreamUrl`: origin of the backend. */
export async function startRelay(upstreamUrl: string): Promise<Relay> {
  // No bound on connections: 2,000 open streams are 2,000 connections.
  const pool = new Pool(upstreamUrl, { connections: null, pipelining: 1 })
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => relay(pool, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the relay has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await pool.destroy()
    },
  }
}

if (import.meta.main && isChild) {
  const upstreamUrl = process.argv[2]
  if (upstreamUrl === undefined) throw new TypeError('the relay needs the origin of the backend')
  const started = await startRelay(upstreamUrl)
  answerParent({ url: started.url }, {}, () => started.close())
}
