/**
 * A sign-in service that looks like Microsoft Entra ID from outside: the same paths, documents, grants, claims and
 * error bodies, for one tenant with the given people and applications. For development and tests: anyone can sign in as
 * any person.
 *
 * The protocol is written here instead of taken from a library, because Entra deviates from it: two issuers and two
 * token formats from one service, the resource inside the scope, a resource-owner password grant, error numbers that
 * clients act on.
 */

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, isIP } from 'node:net'
import { systemClock } from '../clock.ts'
import type { EntraOptions, EntraSimulator } from '../types.ts'
import { EntraError } from './errors.ts'
import { answerGraph } from './graph.ts'
import { type EntraAnswer, errorAnswer, readCall, writeAnswer } from './http.ts'
import { openKeys } from './keys.ts'
import { answerRoute, findRoute } from './routes.ts'
import { createService, type EntraService, issueByName } from './service.ts'

/**
 * Starts the tenant. Its routes are those of Entra, and `/_simulator/*` for tests (see control.ts).
 * @throws KeysFileError when `keysDirectory` has a file that is not one of keys; the system's error when the port is
 * taken.
 */
export async function startEntra(options: EntraOptions): Promise<EntraSimulator> {
  const keys = await openKeys(options.keysDirectory ?? null)
  const { tls } = options
  const limits = { requestTimeout: 10_000, headersTimeout: 10_000 }
  const server =
    tls === undefined
      ? createServer(limits)
      : createTlsServer({ ...limits, cert: tls.certificate, key: tls.privateKey, minVersion: 'TLSv1.2' })
  const host = options.host ?? '127.0.0.1'
  await listen(server, host, options.port ?? 0)
  const authority = authorityOf(tls === undefined ? 'http' : 'https', host, (server.address() as AddressInfo).port)
  const identityHeader = randomBytes(16).toString('hex')
  const service = createService({
    authority,
    directory: options.directory,
    keys,
    clock: options.clock ?? systemClock,
    pollIntervalSeconds: options.pollIntervalSeconds ?? 5,
    identityHeader,
  })
  const { state } = service
  server.on('request', (request, response) => void serve(request, response, service))

  return {
    url: authority,
    directory: options.directory,
    managedIdentity: { IDENTITY_ENDPOINT: `${authority}/msi/token`, IDENTITY_HEADER: identityHeader },
    token: async request => issueByName(service, request),
    rotateKeys: async rotation => keys.rotate(rotation?.keepOld ?? true),
    get keySetReads() {
      return state.keySetReads
    },
    get down() {
      return state.down
    },
    set down(down) {
      state.down = down
    },
    get graphFault() {
      return state.graphFault
    },
    set graphFault(fault) {
      state.graphFault = fault
    },
    get graphReads() {
      return state.graphReads
    },
    close: () => close(server),
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, service: EntraService) {
  const answer = await answerTo(request, service).catch(error => refusal(error, request, service))
  // The unread part of a body would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close')
  writeAnswer(response, answer, request.method === 'HEAD')
}

async function answerTo(request: IncomingMessage, service: EntraService): Promise<EntraAnswer> {
  const call = readCall(request, service.authority)
  requireLoopbackHost(request.headers.host, service.authority)
  const graph = await answerGraph(call, service)
  if (graph !== null) return graph
  const found = findRoute(call.url.pathname)
  if (found?.route.read === true) service.state.keySetReads += 1
  if (service.state.down && found?.route.evenDown !== true) throw new EntraError('down')
  if (found === null) throw new EntraError('not_found')
  return answerRoute(found, call, service)
}

function refusal(error: unknown, request: IncomingMessage, service: EntraService): EntraAnswer {
  const known = error instanceof EntraError ? error : new EntraError('internal', {}, { cause: error })
  if (known.code === 'internal') process.emitWarning(error instanceof Error ? error : String(error))
  const correlationId = request.headers['client-request-id']
  return errorAnswer(known, service.clock, typeof correlationId === 'string' ? correlationId.slice(0, 64) : null)
}

/**
 * A web page elsewhere could point its own name at 127.0.0.1 and read tokens from here: such a request has that name as
 * Host.
 */
function requireLoopbackHost(host: string | undefined, authority: string): void {
  if (!isLoopback(new URL(authority).hostname)) return
  const name = /^(\[[0-9a-f:]+\]|[^:]*)(?::\d+)?$/i.exec(host ?? '')?.[1] ?? ''
  if (!isLoopback(name)) throw new EntraError('host_refused')
}

function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

function authorityOf(scheme: 'http' | 'https', host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `${scheme}://${isIP(name) === 6 ? `[${name}]` : name}:${port}`
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
