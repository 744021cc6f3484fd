/**
 * The management API: the content of the ledger over HTTP, on a listener of its own. Every route but `/healthz`
 * requires a verified token and a role. A request passes `listener.ts` (address, host, size), then the layers of
 * `app.ts` (token, role), then one handler in `routes/`.
 */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uuidV7 } from '../ids.ts'
import { adminApp } from './app.ts'
import { boundConnections } from './connections.ts'
import { Desk } from './desk.ts'
import type { Admin, AdminOptions } from './index.ts'
import { jsonBytesMaxByRoute } from './json-bodies.ts'
import { attach } from './listener.ts'

const connectionsMax = 256
const exportResumeMsDefault = 120_000
const closeGraceMsDefault = 1_000

/** Starts the management API. Rejects when the address cannot be taken (`EADDRINUSE`, `EACCES`, ...). */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  // What a process that was killed has left.
  if (options.scratch !== undefined) await rm(options.scratch, { recursive: true, force: true })
  const closing = new AbortController()
  const newId = uuidV7(options.clock)
  const desk = new Desk(options.audit, options.log)
  const { tailPollMs = 500, exportResumeMs = exportResumeMsDefault, closeGraceMs = closeGraceMsDefault } = options
  const app = adminApp(options, { tailPollMs, exportResumeMs, closing: closing.signal, newId, desk })
  const server = createServer({
    // A token may be 16 KiB long (identity/bearer.ts), which is Node's default for all headers together.
    maxHeaderSize: 32_768,
    // A client that connects and sends nothing is disconnected within six seconds.
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 60_000,
    requireHostHeader: false,
  })
  boundConnections(server, connectionsMax)
  const publicHost = (): string | null => {
    const { publicUrl } = options.access()
    return publicUrl === undefined ? null : new URL(publicUrl).host
  }
  attach(server, { app, host: options.listen.host, publicHost, newId, desk, jsonBytesMax: jsonBytesMaxByRoute })
  server.listen(options.listen.port, options.listen.host)
  await once(server, 'listening')
  // For example when the process has no file descriptors left: that connection is lost, but the process must go on.
  server.on('error', error => options.log.error({ error }, 'admin_listener_failed'))

  const { address, family, port } = server.address() as AddressInfo
  const closed = Promise.withResolvers<void>()
  server.on('close', () => closed.resolve())
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close() {
      if (closing.signal.aborted) return closed.promise
      closing.abort()
      server.close()
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), closeGraceMs).unref()
      return closed.promise
    },
  }
}
