import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener, RequestError } from '@hono/node-server'
import { framingFault, hostFault, LastRequests } from '../framing.ts'
import { AdminError, answerOf, type ErrorAnswer } from './errors.ts'
import { bodyTooLong, type JsonBytesMax, jsonBytesMaxOf } from './json-bodies.ts'
import { headersOf } from './layers.ts'
import { isLoopback, namesLoopback } from './loopback.ts'
import type { AdminApp, AdminParts } from './parts.ts'

const urlCharactersMax = 4_096

/**
 * Passes requests on to the application when their form can be trusted: an ordinary path of bounded length, no body
 * unless the route takes one, and on a loopback listener a Host header that names loopback or the configured public
 * address. All others are answered here.
 */
export function attach(
  server: Server,
  parts: Pick<AdminParts, 'desk'> & {
    app: AdminApp
    host: string
    publicHost: () => string | null
    newId: () => string
    jsonBytesMax: JsonBytesMax
  },
): void {
  const listener = getRequestListener(parts.app.fetch, {
    // The process's Request and Response stay Node's own: the data plane shares them.
    overrideGlobalObjects: false,
    errorHandler: thrown => {
      const { status, headers, body } = answerOf(thrown instanceof RequestError ? unreadableAddress(thrown) : thrown)
      return Response.json(body, { status, headers: { ...headersOf(parts.newId()), ...headers } })
    },
  })
  const onLoopback = isLoopback(parts.host)
  const lastRequests = new LastRequests()
  server.on('request', (request, response) => {
    if (!lastRequests.admits(request)) {
      request.resume()
      return
    }
    const fault = framingFault(request)
    if (lastRequests.isLast(request, fault)) response.setHeader('connection', 'close')
    const refusal =
      fault === null ? refusalOf(request, onLoopback ? parts.publicHost : null, parts.jsonBytesMax) : malformed(fault)
    if (refusal === null) void listener(request, response)
    else {
      const requestId = parts.newId()
      // A Host header that names something else may be a page of the web that tries to read the ledger.
      if (refusal.code === 'host_not_allowed') parts.desk.refusedEarly(request, refusal.code, requestId)
      refuse(response, refusal, requestId)
    }
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    refuseUnparsed(error, socket, parts.newId())
  })
}

/**
 * A path or a Host header that passed HTTP's grammar but is no valid address, as one with a backslash before the path.
 */
function unreadableAddress(cause: RequestError): AdminError {
  return new AdminError('request_malformed', 'The path and the Host header make no valid address.', { cause })
}

/** @param publicHost of the configured public address; null where every Host header is taken. */
function refusalOf(
  request: IncomingMessage,
  publicHost: (() => string | null) | null,
  jsonBytesMax: JsonBytesMax,
): AdminError | null {
  const url = request.url ?? ''
  if (url.length > urlCharactersMax) {
    return new AdminError(
      'url_too_long',
      `The address is longer than ${urlCharactersMax} characters. Ask for less at once.`,
    )
  }
  // Absolute form and `*` are for proxies; only a path is needed here.
  if (!url.startsWith('/')) {
    return new AdminError('request_malformed', 'The request line must name a path, as GET /api/v1/usage.')
  }
  // A web page can make a browser call 127.0.0.1 under the page's own name (DNS rebinding); the Host header shows it.
  const { host } = request.headers
  if (publicHost !== null && !namesLoopback(host) && (host === undefined || host.toLowerCase() !== publicHost())) {
    return new AdminError(
      'host_not_allowed',
      'This listener answers under localhost, 127.0.0.1 and [::1] alone. Use one of these in the address.',
    )
  }
  const fault = hostFault(request)
  if (fault !== null) return malformed(fault)
  const length = request.headers['content-length']
  const hasBody = request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
  if (!hasBody) return null
  const bytesMax = jsonBytesMaxOf(jsonBytesMax, request.method ?? '', url)
  if (bytesMax === 0) {
    return new AdminError('body_not_taken', 'No body is taken here. Send parameters in the address.')
  }
  if (length !== undefined && Number(length) > bytesMax) return bodyTooLong(bytesMax)
  return null
}

function malformed(fault: string): AdminError {
  return new AdminError('request_malformed', `The request is not well formed: ${fault}.`)
}

function refuse(response: ServerResponse, refusal: AdminError, requestId: string): void {
  const { status, headers, body } = answerOf(refusal)
  // The connection is closed: the bytes that may follow are a body that is not read.
  response.writeHead(status, {
    ...headersOf(requestId),
    ...headers,
    'content-type': 'application/json',
    connection: 'close',
  })
  response.end(JSON.stringify(body))
}

/** Answers bytes that Node could not parse as HTTP, or did not get in time. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new AdminError('headers_too_large', 'The headers are larger than 32 KiB together. Send fewer or shorter ones.')
      : new AdminError('request_malformed', 'This is not a whole, well-formed HTTP request.')
  socket.end(rawAnswer(answerOf(refusal), requestId))
}

function rawAnswer({ status, body }: ErrorAnswer, requestId: string): string {
  const text = JSON.stringify(body)
  const headers = {
    ...headersOf(requestId),
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Error\r\n${lines.join('')}\r\n${text}`
}
