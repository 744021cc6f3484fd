/** The parts of HTTP that the sign-in service needs: reading a call, writing an answer. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { EntraError } from './errors.ts'

/** Sign-in forms have a few hundred bytes; anything larger is a mistake or an attack. */
const bodyBytesMax = 64 * 1024

export interface EntraCall {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  /** Address of the peer. */
  readonly remoteAddress: string
  /** `application/x-www-form-urlencoded`, each name at most once. */
  form(): Promise<Form>
  json(): Promise<unknown>
}

export interface EntraAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Parameters of a query or a form, each at most once; an empty one counts as absent. */
export class Form {
  readonly #values: ReadonlyMap<string, string>

  constructor(parameters: URLSearchParams) {
    const values = new Map<string, string>()
    for (const [name, value] of parameters) {
      // RFC 6749 section 3.1: a parameter must not come twice, or two readers may each use a different one.
      if (values.has(name)) throw new EntraError('duplicate_parameter', { name: printable(name) })
      values.set(name, value)
    }
    this.#values = values
  }

  get(name: string): string | null {
    const value = this.#values.get(name)
    return value === undefined || value === '' ? null : value
  }

  need(name: string): string {
    const value = this.get(name)
    if (value === null) throw new EntraError('missing_parameter', { name })
    return value
  }

  entries(): Iterable<[string, string]> {
    return this.#values.entries()
  }
}

/** A text from the request in a form that may be quoted back: short, and without control characters. */
export function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?')
  return clean.length > 120 ? `${clean.slice(0, 120)}…` : clean
}

export function readCall(request: IncomingMessage, base: string): EntraCall {
  return {
    method: request.method ?? 'GET',
    url: requestUrl(request.url ?? '/', base),
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress ?? '',
    async form() {
      const type = request.headers['content-type'] ?? ''
      if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) throw new EntraError('not_a_form')
      return new Form(new URLSearchParams((await readBody(request)).toString('utf8')))
    },
    async json() {
      const text = (await readBody(request)).toString('utf8')
      try {
        return text === '' ? {} : JSON.parse(text)
      } catch (cause) {
        throw new EntraError('not_json', {}, { cause })
      }
    },
  }
}

function requestUrl(target: string, base: string): URL {
  // Only the origin form is served: `//host/path` and `http://host/path` would name another host.
  if (!target.startsWith('/') || target.startsWith('//')) throw new EntraError('not_found')
  try {
    return new URL(base + target)
  } catch (cause) {
    throw new EntraError('not_found', {}, { cause })
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new EntraError('body_too_large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): EntraAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  }
}

/** The body of every refusal that is not a page. */
export function errorAnswer(error: EntraError, clock: Clock, correlationId: string | null): EntraAnswer {
  const traceId = randomUUID()
  const timestamp = `${new Date(clock()).toISOString().slice(0, 19).replace('T', ' ')}Z`
  return jsonAnswer(
    error.facts.status,
    {
      error: error.facts.error,
      error_description: error.message,
      error_codes: [error.facts.number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId ?? randomUUID(),
      error_uri: null,
    },
    error.facts.status === 503 ? { 'retry-after': '1' } : {},
  )
}

export function writeAnswer(response: ServerResponse, answer: EntraAnswer, omitBody: boolean): void {
  response.writeHead(answer.status, {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...answer.headers,
    'content-length': Buffer.byteLength(answer.body),
  })
  response.end(omitBody ? undefined : answer.body)
}
