/** The gateway's listener: HTTP/1.1 in, calls to `serve`, and the few addresses that need no token. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Config } from '../config/schema.ts'
import { uuidV7 } from '../ids.ts'
import { type Call, Watch, type Watched, watchEveryMs } from './call.ts'
import { openPage } from './pages.ts'
import { asRefusal, Refusal, refusalBody } from './refusals.ts'
import { renderRefusal } from './render.ts'
import { type GatewayParts, serve } from './serve.ts'

export interface Gateway {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string
  readonly inFlight: number
  /** Further requests are served with these parts; those in flight keep theirs. */
  use(parts: GatewayParts): void
  /** Takes no new calls, waits for those in flight at most `graceMs`, then cuts them. Every one of them is recorded. */
  close(graceMs: number): Promise<void>
}

export interface GatewayOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly config: Config['gateway']
  readonly identity: Config['identity']['entra']
}

/** Longest header block, bytes: a token may be 16 KiB, and `api-key` may hold it again. */
const headerBytesMax = 49_152

/** Rejects when the address cannot be taken (`EADDRINUSE`, `EACCES`, ...). */
export async function startGateway(options: GatewayOptions, initial: GatewayParts): Promise<Gateway> {
  const { timeouts, connectionsMax } = options.config
  const watch = new Watch()
  const newId = uuidV7(initial.clock)
  let parts = initial
  let closing = false
  const serving = new Set<Promise<void>>()

  const server = createServer({
    maxHeaderSize: headerBytesMax,
    headersTimeout: timeouts.requestHeaders,
    // The body's time is watched per call, so that it ends in a record.
    requestTimeout: 0,
    keepAliveTimeout: timeouts.keepAlive,
    connectionsCheckingInterval: Math.min(timeouts.requestHeaders, 5_000),
    noDelay: true,
  })
  server.maxConnections = connectionsMax

  const begin = (req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void => {
    if (closing) res.setHeader('connection', 'close')
    const watched: Watched = { deadlineAt: Number.POSITIVE_INFINITY, expire: () => {}, tick: null }
    const call: Call = {
      id: newId(),
      startedAtMs: parts.clock(),
      method: req.method ?? 'GET',
      url: req.url ?? '/',
      req,
      res,
      expectsContinue,
      watch: watched,
    }
    // Errors of the connection show as 'close'; without a listener they would end the process.
    res.on('error', () => {})
    try {
      if (openPage(call, { config: options.config, identity: options.identity, ready: readiness })) return
    } catch (error) {
      renderRefusal(call, asRefusal(error), parts)
      return
    }
    watch.add(watched)
    const served = serve(call, parts).catch(error => {
      parts.log.error({ id: call.id, error: error instanceof Error ? error : undefined }, 'serve_failed')
      res.destroy()
    })
    serving.add(served)
    void served.finally(() => {
      watch.delete(watched)
      serving.delete(served)
    })
  }
  const readiness = (): Readonly<Record<string, boolean>> => ({
    accepting: !closing,
    ledger: parts.journal.writable,
  })

  server.on('request', (req, res) => begin(req, res, false))
  server.on('checkContinue', (req, res) => begin(req, res, true))
  server.on('clientError', (error, socket) => answerMalformed(error, socket))
  server.on('upgrade', (req, socket) => refuseUpgrade(req, socket))

  server.listen(options.listen.port, options.listen.host)
  await once(server, 'listening')
  return {
    url: urlOf(server),
    get inFlight() {
      return watch.size
    },
    use(next) {
      parts = next
    },
    async close(graceMs) {
      if (closing) return
      closing = true
      const stopped = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      await within(watch.emptied(), graceMs)
      watch.expireAll()
      await within(Promise.allSettled(serving), Math.max(4 * watchEveryMs, 2_000))
      server.closeAllConnections()
      await stopped
      watch.close()
    },
  }
}

/** What is not HTTP, or came too slowly (RFC 9110 section 15.5). There is no call yet, so there is no record. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', `the header fields are larger than ${headerBytesMax} bytes`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request headers did not arrive in time']
        : ['400 Bad Request', 'the request is not well-formed HTTP/1.1']
  const body = refusalBody(new Refusal('path_malformed', { reason }))
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.toString()}`,
  )
}

function refuseUpgrade(req: IncomingMessage, socket: Duplex): void {
  const refusal = new Refusal('upgrade_unsupported', { protocol: req.headers.upgrade ?? '' })
  const body = refusalBody(refusal)
  socket.on('error', () => {})
  socket.end(
    `HTTP/1.1 501 Not Implemented\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.toString()}`,
  )
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  const host =
    address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '[::1]' : family === 'IPv6' ? `[${address}]` : address
  return `http://${host}:${port}`
}

/** Resolves when the work is done or the time is up, whichever is first. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}

export type { Socket }
