/** How far the way to an address goes: name, connection, certificate, HTTP. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Agent, request } from 'undici'
import { codeOf } from '../errors.ts'
import { networkAdvice } from '../ledger/feeds/network-errors.ts'
import { type Finding, failure, warning } from './index.ts'

/** Longest wait for each step, in milliseconds. */
const stepMs = 5_000

/** A certificate that ends within so many days is a warning: renewals by hand take weeks. */
const certificateDaysLeast = 21
const dayMs = 86_400_000

export interface Place {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** @param url http or https. */
export function placeOf(url: string): Place {
  const { hostname, port, protocol } = new URL(url)
  const tls = protocol === 'https:'
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (tls ? 443 : 80) : Number(port), tls }
}

export interface Reached {
  /** What stops the way; empty where it is open to the end. */
  readonly faults: readonly Finding[]
  /** Steps that succeeded, as `resolves to 10.0.0.4, certificate valid for 80 days`. */
  readonly steps: string
}

/**
 * Name, connection, and with TLS the certificate. Sends nothing.
 * @param setting the setting that names the place, for what to do.
 */
export async function reach(place: Place, setting: string, about: string | null, nowMs: number): Promise<Reached> {
  const { host, port, tls } = place
  const steps: string[] = []
  try {
    const addresses = await within(lookup(host, { all: true }))
    if (isIP(host) === 0) steps.push(`${host} is ${addresses.map(({ address }) => address).join(', ')}`)
    const socket = await connected(connectTcp({ host, port }), 'connect')
    steps.push(`port ${port} accepts connections`)
    if (!tls) {
      socket.destroy()
      return { faults: [], steps: steps.join(', ') }
    }
    const certificate = await readCertificate(socket, host)
    const faults = certificateFaults(certificate, place, about, nowMs)
    steps.push(`its certificate is valid for ${daysLeft(certificate, nowMs)} days`)
    return { faults, steps: steps.join(', ') }
  } catch (error) {
    return { faults: [failure(`${host}:${port}: ${wayFault(error)}.`, wayAdvice(error, setting), about)], steps: '' }
  }
}

/** What went wrong on the way, without the text of any answer. */
export function wayFault(error: unknown): string {
  const code = wayCode(error)
  return `${reasons[code] ?? 'the connection could not be established'} (${code})`
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name service does not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed at once',
  ETIMEDOUT: 'nothing answered in time',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there speaks no TLS',
  EPROTO: 'what answers there speaks no TLS',
  EHOSTUNREACH: 'there is no route',
  ENETUNREACH: 'there is no route',
}

/** @param setting as `instances.eu1.endpoint`. */
export function wayAdvice(error: unknown, setting: string): string {
  const code = wayCode(error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `Correct ${setting}, or the name service: with a private endpoint, this network needs its private DNS zone.`
  if (code === 'ETIMEDOUT' || code === 'no answer')
    return `Open the way: firewall, network security group, private endpoint; or correct ${setting}.`
  return `Correct ${setting}, or start what should listen there; then look at firewalls and private endpoints.`
}

function wayCode(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  if (first instanceof Error && first.name === 'TimeoutError') return 'ETIMEDOUT'
  const code = codeOf(first) ?? (first instanceof Error ? codeOf(first.cause) : null)
  if (code === null || !/^[A-Za-z0-9_]{1,64}$/.test(code)) return 'no answer'
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT' ? 'ETIMEDOUT' : code
}

interface Certificate {
  /** Code of OpenSSL or Node when it is not trusted; null when it is. */
  readonly refusal: string | null
  /** Milliseconds since the epoch. */
  readonly endsAtMs: number
}

/** Accepts any certificate to be able to say what is wrong with it. Nothing is sent over the connection. */
async function readCertificate(socket: Socket, host: string): Promise<Certificate> {
  // An address cannot be sent as a server name (RFC 6066); `host` is compared with the certificate in any case.
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const secure = connectTls({ socket, host, rejectUnauthorized: false, ...servername })
  await connected(secure, 'secureConnect')
  const { authorizationError: refusal } = secure as TLSSocket & { readonly authorizationError: unknown }
  const endsAtMs = Date.parse(secure.getPeerCertificate().valid_to)
  secure.destroy()
  if (secure.authorized) return { refusal: null, endsAtMs }
  return { refusal: refusal instanceof Error ? (codeOf(refusal) ?? 'unknown') : String(refusal), endsAtMs }
}

function certificateFaults({ refusal, endsAtMs }: Certificate, place: Place, about: string | null, nowMs: number) {
  const where = `${place.host}:${place.port}`
  const ended = endsAtMs <= nowMs
  if (ended || refusal === 'CERT_HAS_EXPIRED') {
    const day = new Date(endsAtMs).toISOString().slice(0, 10)
    return [failure(`${where}: its certificate ended on ${day}.`, 'Renew it there, or correct this clock.', about)]
  }
  if (refusal !== null) {
    const advice = networkAdvice(refusal) ?? 'its certificate is not accepted. Check what answers there'
    const [what = '', next = ''] = advice.split('. ')
    return [failure(`${where}: ${what} (${refusal}).`, `${next}.`, about)]
  }
  const days = daysLeft({ refusal, endsAtMs }, nowMs)
  if (days >= certificateDaysLeast) return []
  return [warning(`${where}: its certificate ends in ${days} days.`, 'Renew it, or look why its renewal waits.', about)]
}

function daysLeft({ endsAtMs }: Certificate, nowMs: number): number {
  return Math.floor((endsAtMs - nowMs) / dayMs)
}

export interface HttpAnswer {
  readonly status: number
  /** Time of the other side's `Date` field in ms since the epoch, null without one; it counts whole seconds. */
  readonly dateMs: number | null
  readonly body: Buffer
  /** This machine's time between the request and the answer, and half of the time in between, in ms. */
  readonly atMs: number
  readonly uncertainMs: number
}

export interface HttpQuestion {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
}

const bodyBytesMax = 4_194_304

/** One request over a connection of its own. Follows no redirect. Rejects with the error of undici. */
export async function ask(url: string, clock: () => number, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, timeoutMs = stepMs } = question
  const agent = new Agent({ pipelining: 0, connect: { timeout: timeoutMs }, maxResponseSize: bodyBytesMax })
  try {
    const beganAtMs = clock()
    const answer = await request(url, {
      ...{ dispatcher: agent, method, signal: AbortSignal.timeout(timeoutMs) },
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...headers },
      ...(question.body === undefined ? {} : { body: question.body }),
    })
    const halfMs = (clock() - beganAtMs) / 2
    const { date } = answer.headers
    const dateMs = Date.parse(Array.isArray(date) ? (date[0] ?? '') : (date ?? ''))
    return {
      status: answer.statusCode,
      dateMs: Number.isNaN(dateMs) ? null : dateMs,
      body: Buffer.from(await answer.body.arrayBuffer()),
      ...{ atMs: beganAtMs + halfMs, uncertainMs: halfMs },
    }
  } finally {
    agent.destroy().catch(() => {
      // The answer has been read; its socket closes in any case.
    })
  }
}

async function connected<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  // A later error, as of a connection that the other side resets, is no finding.
  socket.on('error', () => {})
  try {
    // `once` rejects with the error of the socket.
    await within(once(socket, event))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function within<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })), stepMs)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
