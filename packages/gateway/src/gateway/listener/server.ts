/** The gateway's listener: HTTP/1.1 in, calls to `serve`, and the few addresses that need no token. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Config } from '../../config/schema/index.ts'
import { framingFault, hostFault, LastRequests } from '../../framing.ts'
import { uuidV7 } from '../../ids.ts'
import { type ClientCall, Watch, type Watched } from '../call.ts'
import { isReady, openPage, type Readiness } from '../pages/index.ts'
import type { GatewayParts } from '../parts.ts'
import { asRefusal, Refusal, refusalBody } from '../refusals.ts'
import { renderRefusal } from '../render.ts'
import { serve } from '../serve.ts'

export interface Gateway {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string
  readonly inFlight: number
  /** The part of `inFlight` whose client has left and whose answer is read on. */
  readonly readingOn: number
  /** As `/readyz` answers. */
  readonly ready: boolean
  /**
   * Serves new requests with these parts. Calls in flight keep theirs.
   * @returns resolves when the last call in flight has ended.
   */
  use(parts: GatewayParts): Promise<void>
  /**
   * Accepts no new calls, waits at most `graceMs` for the calls in flight, then cuts them. Every one of them is
   * recorded.
   */
  close(graceMs: number): Promise<void>
}

export interface GatewayOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** The configuration of the start: settings of the listener do not change with a reload. */
  readonly config: Config['gateway']
}

/** Longest header block, in bytes. A token may have 16 KiB, and `api-key` may repeat it. */
const headerBytesMax = 49_152

/** Rejects when the address cannot be taken (`EADDRINUSE`, `EACCES`, ...). */
export async function startGateway(options: GatewayOptions, initial: GatewayParts): Promise<Gateway> {
  const { timeouts, connectionsMax } = options.config
  const watch = new Watch()
  const serving = new Set<Promise<void>>()
  /** Connections whose bytes could not be parsed: Node reports each further piece again. */
  const unreadable = new WeakSet<Duplex>()
  const lastRequests = new LastRequests()
  const newId = uuidV7(initial.clock)
  let parts = initial
  let closing = false

  const server = createServer({
    maxHeaderSize: headerBytesMax,
    headersTimeout: timeouts.requestHeaders,
    // The time of the body is watched per call, so that its end is recorded.
    requestTimeout: 0,
    keepAliveTimeout: timeouts.keepAlive,
    connectionsCheckingInterval: Math.min(timeouts.requestHeaders, 5_000),
    noDelay: true,
    // `serve` checks it, so that the answer says what is wrong.
    requireHostHeader: false,
  })
  server.maxConnections = connectionsMax

  const begin = (req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void => {
    if (!lastRequests.admits(req)) {
      req.resume()
      return
    }
    const fault = framingFault(req) ?? hostFault(req)
    if (lastRequests.isLast(req, fault) || closing) res.setHeader('connection', 'close')
    const watched: Watched = { deadlineAt: Number.POSITIVE_INFINITY, subject: null }
    const call: ClientCall = {
      id: newId(),
      startedAtMs: parts.clock(),
      method: req.method ?? 'GET',
      url: req.url ?? '/',
      req,
      res,
      expectsContinue,
      fault,
      watch: watched,
    }
    // Errors of the connection also emit 'close'. Without a listener they would end the process.
    res.on('error', () => {})
    if (parts.cors !== null) {
      parts.cors.allow(req, res)
      if (fault === null && parts.cors.preflight(req, res)) {
        readAway(req)
        return
      }
    }
    try {
      if (openPage(call, { publicUrl: parts.publicUrl, identity: parts.identity, ready: readiness })) {
        readAway(req)
        return
      }
    } catch (error) {
      renderRefusal(call, asRefusal(error), parts)
      readAway(req)
      return
    }
    watch.add(watched)
    const over = (): void => {
      watch.delete(watched)
      serving.delete(served)
      readAway(req)
    }
    const served = serve(call, parts).then(over, error => {
      parts.log.error({ requestId: call.id, error: error instanceof Error ? error : undefined }, 'serve_failed')
      res.destroy()
      over()
    })
    serving.add(served)
  }
  const readiness = (): Readiness => ({
    accepting: !closing,
    ledger: parts.journal.writable,
    limits: parts.limits.state,
    limitedThroughout: parts.limitedThroughout,
    credentialsRefused: parts.credentialsRefused(),
    surroundings: parts.surroundings(),
    feedsTroubled: parts.feedsTroubled(),
  })

  server.on('request', (req, res) => begin(req, res, false))
  server.on('checkContinue', (req, res) => begin(req, res, true))
  server.on('clientError', (error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket) => {
    if (unreadable.has(socket)) return
    unreadable.add(socket)
    const lines = error.rawPacket === undefined ? '' : (parts.cors?.linesFor(error.rawPacket) ?? '')
    answerInOrder(error.code, socket, lines)
  })
  server.on('checkExpectation', (req, res) => begin(req, res, false))
  server.on('connect', (_req, socket) => answerMalformed('CONNECT', socket))

  server.listen(options.listen.port, options.listen.host)
  await once(server, 'listening')
  return {
    url: urlOf(server),
    get inFlight() {
      return watch.size
    },
    get readingOn() {
      return parts.guards.unseen.reading.inFlight
    },
    get ready() {
      return isReady(readiness())
    },
    async use(next) {
      parts = next
      await Promise.allSettled(serving)
    },
    async close(graceMs) {
      if (closing) return
      closing = true
      const stopped = once(server, 'close')
      // Not `server.close` yet: it cuts connections whose answer was ended but is still being sent.
      NetServer.prototype.close.call(server)
      await within(watch.emptied(), graceMs)
      watch.expireAll()
      await within(watch.emptied(), endingsMs)
      server.close()
      server.closeAllConnections()
      await stopped
      watch.close()
    },
  }
}

/**
 * Time for the ends of the calls that a stop has cut: their tokens are counted and their records written, which takes
 * seconds on a busy machine. A call that has not ended by then is recorded as interrupted at the next start.
 */
const endingsMs = 10_000

const readAwayBytesMax = 67_108_864
const readAwayMs = 10_000

/**
 * Discards a body that is still coming after its answer, so that the client reads the answer. Bounded, because a client
 * that sends a byte now and then would hold its connection for ever.
 */
function readAway(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return
  let bytes = 0
  const timer = setTimeout(() => req.destroy(), readAwayMs).unref()
  req.on('error', () => {})
  req.on('close', () => clearTimeout(timer))
  req.on('end', () => clearTimeout(timer))
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > readAwayBytesMax) req.destroy()
  })
  req.resume()
}

/**
 * Malformed bytes after a whole request are answered after that request's answer, so that the client cannot confuse the
 * two. In the middle of a body there is nothing to wait for. Node keeps the answer in flight in `_httpMessage`; a map
 * of our own would cost every call, for the few that need it.
 */
function answerInOrder(
  code: string | undefined,
  socket: Duplex & { readonly _httpMessage?: ServerResponse | null },
  lines: string,
): void {
  const underWay = socket._httpMessage ?? null
  if (underWay?.headersSent === true && !underWay.req.complete) {
    // The answer has begun: further bytes would become a part of it.
    if (underWay.writableEnded) underWay.once('close', () => socket.destroy())
    else socket.destroy()
    return
  }
  if (underWay === null || !underWay.req.complete || code === 'ECONNRESET') answerMalformed(code, socket, lines)
  else underWay.once('close', () => answerInOrder(code, socket, lines))
}

/**
 * Answers bytes that are not HTTP, or came too slowly (RFC 9110 section 15.5). There is no call yet, so there is no
 * record.
 */
function answerMalformed(code: string | undefined, socket: Duplex, lines = ''): void {
  socket.on('error', () => {})
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal = malformed(code)
  const body = refusalBody(refusal)
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nx-gatehouse-refusal: ${refusal.code}\r\n` +
      `x-content-type-options: nosniff\r\n${lines}\r\n${body.toString()}`,
    () => socket.destroy(),
  )
}

function malformed(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return new Refusal('headers_too_large', { most: headerBytesMax })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Refusal('headers_timeout')
  const reason = code === 'CONNECT' ? 'CONNECT asks for a tunnel, which is not offered' : 'it is not HTTP/1.1'
  return new Refusal('request_malformed', { reason })
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  const host =
    address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '[::1]' : family === 'IPv6' ? `[${address}]` : address
  return `http://${host}:${port}`
}

/** Resolves when the work is done or when the time is up. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}
