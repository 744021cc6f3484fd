/**
 * A listener on loopback for tools that know only a base URL and a key. It takes calls with a key of its own, which
 * lives as long as the process, and sends each of them to the gateway with a token of Microsoft Entra ID. Nothing is
 * held back: both bodies pass chunk by chunk, as fast as the slower side reads.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Agent, type Dispatcher } from 'undici'
import { connectionFailure } from '../../connection-failure.ts'
import { LastRequests } from '../../framing.ts'
import { CliError } from '../errors.ts'
import { asStarted } from '../started.ts'
import { gatewayPath, type Place } from './address.ts'
import { checkEntry, createKey } from './entry.ts'
import { answerFields, requestFields } from './headers.ts'
import { RelayRefusal, refuse } from './refusals.ts'
import type { RelayTokens } from './tokens.ts'
import { type Upload, uploadOf } from './upload.ts'

export interface RelayOptions {
  /** Base URL of the gateway, without a trailing slash. */
  readonly gateway: string
  readonly place: Place
  readonly tokens: Pick<RelayTokens, 'token' | 'after'>
  /** Port to listen on; 0 takes a free one. */
  readonly port: number
  /** What this program is called in texts, as `./gatehouse`. */
  readonly program: string
  /** Called with what a user should know of a call that failed here. Holds no credential. */
  readonly onProblem: (problem: string) => void
}

export interface Relay {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly key: string
  /** Calls that have not ended. */
  readonly inFlight: number
  /** Takes no more calls, and resolves when those in flight have ended. */
  close(): Promise<void>
  /** Ends calls in flight as well. */
  cut(): void
}

/** Longest time until the gateway takes a connection, in milliseconds. It limits the rest of a call itself. */
const connectMs = 10_000
/** Token, prompt cache keys and the like come in header fields. */
const headerBytesMax = 64 * 1_024

/** @throws NodeJS.ErrnoException `EADDRINUSE`, `EACCES` */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const key = createKey()
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: connectMs } })
  const server = createServer({ maxHeaderSize: headerBytesMax, requestTimeout: 0, noDelay: true })
  server.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const calls = new Calls({ ...options, key, port, agent })
  calls.attach(server)
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    get inFlight() {
      return calls.inFlight
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      await closed
      await agent.close()
    },
    cut: () => {
      server.close()
      server.closeAllConnections()
      void agent.destroy()
    },
  }
}

interface CallParts extends RelayOptions {
  readonly key: string
  readonly port: number
  readonly agent: Agent
}

class Calls {
  readonly #parts: CallParts
  readonly #lastRequests = new LastRequests()
  inFlight = 0

  constructor(parts: CallParts) {
    this.#parts = parts
  }

  attach(server: Server): void {
    server.on('request', (req, res) => this.#take(req, res, false))
    // The body is asked for only when its call is taken.
    server.on('checkContinue', (req, res) => this.#take(req, res, true))
    server.on('clientError', (_, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      else socket.destroy()
    })
  }

  #take(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    if (!this.#lastRequests.admits(req)) {
      req.resume()
      return
    }
    if (this.#lastRequests.isLast(req, null)) res.setHeader('connection', 'close')
    this.inFlight += 1
    res.once('close', () => {
      this.inFlight -= 1
    })
    // What a client does to its connection is no failure of the relay.
    for (const stream of [req, res]) stream.on('error', () => {})
    this.#serve(req, res, expectsContinue).catch((error: unknown) => this.#fail(res, error))
  }

  async #serve(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): Promise<void> {
    const { key, port, place, tokens } = this.#parts
    checkEntry(req, { key, port })
    const path = gatewayPath(req.url ?? '', place)
    const left = new AbortController()
    res.once('close', () => left.abort())
    const token = await tokens.token().catch(refuseSignIn)
    if (expectsContinue) res.writeContinue()
    const upload = uploadOf(req)
    const call = { req, path, upload, signal: left.signal }
    let answer = await this.#send(call, token)
    if (answer.statusCode === 401) answer = await this.#withAnother(call, token, answer)
    res.writeHead(answer.statusCode, answerFields(answer.headers))
    // A stream begins before its first event.
    res.flushHeaders()
    // When either side breaks off, the other one is cut: half an answer must not look like a whole one.
    await pipeline(answer.body, res).catch(() => {})
  }

  /** The gateway refuses a token that has ended or was withdrawn: once, a new one is tried. */
  async #withAnother(call: Outgoing, token: string, answer: Dispatcher.ResponseData): Promise<Dispatcher.ResponseData> {
    const other = await this.#parts.tokens.after(token).catch(() => null)
    if (other === null || call.upload?.mayRepeat === false) {
      this.#refused(`The gateway refused the token (${codeOf(answer)}).`)
      return answer
    }
    await answer.body.dump()
    const again = await this.#send(call, other)
    if (again.statusCode === 401) this.#refused(`The gateway refused a token that is new (${codeOf(again)}).`)
    return again
  }

  #refused(what: string): void {
    this.#parts.onProblem(`${what} Try: ${asStarted('gatehouse whoami', this.#parts.program)}`)
  }

  async #send({ req, path, upload, signal }: Outgoing, token: string): Promise<Dispatcher.ResponseData> {
    const { gateway, place, key, agent } = this.#parts
    const workload = place.target === null ? place.workload : null
    const url = new URL(gateway)
    try {
      // As it is: a client that resolves dots in a path would call another one than was checked.
      return await agent.request({
        origin: url.origin,
        path: `${url.pathname.replace(/\/$/, '')}${path}`,
        method: req.method ?? 'GET',
        headers: requestFields(req.rawHeaders, { key, token, workload }),
        body: upload === null ? null : Readable.from(upload.read(), { objectMode: false }),
        signal,
      })
    } catch (cause) {
      throw notAnswered(gateway, cause)
    }
  }

  #fail(res: ServerResponse, error: unknown): void {
    if (res.destroyed) return
    const refusal =
      error instanceof RelayRefusal
        ? error
        : new RelayRefusal('relay_gateway_broke', 'The relay failed at this call.', { cause: error })
    const message = asStarted(refusal.message, this.#parts.program)
    if (reported.has(refusal.code)) this.#parts.onProblem(message)
    refuse(res, new RelayRefusal(refusal.code, message))
  }
}

interface Outgoing {
  readonly req: IncomingMessage
  readonly path: string
  readonly upload: Upload | null
  readonly signal: AbortSignal
}

/** What a tool may hide from its user. Refusals for want of the key are not shown: any program can cause them. */
const reported: ReadonlySet<string> = new Set([
  'relay_sign_in_needed',
  'relay_sign_in_failed',
  'relay_gateway_unreachable',
  'relay_gateway_broke',
])

const neverSent: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
])

function notAnswered(gateway: string, cause: unknown): RelayRefusal {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const isUnsent = neverSent.has(code) || /^(?:ERR_TLS|CERT|DEPTH|SELF_SIGNED|UNABLE)_/.test(code)
  return new RelayRefusal(
    isUnsent ? 'relay_gateway_unreachable' : 'relay_gateway_broke',
    `The gateway at ${gateway} did not answer. ${connectionFailure(cause).why}`,
    { cause },
  )
}

function refuseSignIn(cause: unknown): never {
  const { code, what, why, next } =
    cause instanceof CliError ? cause : { code: '', what: 'There is no token.', why: reasonOfSignIn(cause), next: null }
  const message = [what, why, next === null ? null : `Try: ${next}`].filter(part => part !== null).join(' ')
  throw new RelayRefusal(code === 'not_signed_in' ? 'relay_sign_in_needed' : 'relay_sign_in_failed', message, { cause })
}

function reasonOfSignIn(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'The sign-in failed.'
}

function codeOf({ headers }: Dispatcher.ResponseData): string {
  const code = headers['x-gatehouse-refusal']
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : '401'
}
