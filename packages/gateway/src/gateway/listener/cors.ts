/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol): pages of the listed origins may call from a browser. It
 * lets no caller in: a page needs a token like any other client, and cookies are ignored.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { allBackends, limitFields } from '../../wire/backends.ts'
import { Refusal } from '../refusals.ts'
import type { Route } from '../stages/1-resolve/route.ts'

/**
 * Time that a browser may remember a preflight, in seconds. Short, so that an origin that is removed from the list soon
 * has to ask again.
 */
const rememberSeconds = '600'

/**
 * Header fields of an answer that pages may read besides those that browsers always show. SDKs use them to wait and
 * retry.
 */
const exposed = [
  'x-gatehouse-request-id',
  'x-gatehouse-refusal',
  'x-gatehouse-limits',
  'x-should-retry',
  'retry-after',
  'retry-after-ms',
  'www-authenticate',
  ...new Set(allBackends.flatMap(({ shownToPages }) => shownToPages)),
  ...['limit', 'remaining', 'reset', 'renewalperiod'].flatMap(what => [
    `${limitFields.prefix}${what}-requests`,
    `${limitFields.prefix}${what}-tokens`,
  ]),
].join(', ')

/** Header fields that pages may send: those of SDKs, and those that decide something here or at an instance. */
const requestField =
  /^(?:authorization|api-key|content-type|content-encoding|accept|accept-language|cache-control|idempotency-key|last-event-id|traceparent|tracestate|user-agent|x-request-id|x-gatehouse-workload|x-stainless-[a-z0-9-]{1,64}|x-ms-[a-z0-9-]{1,64}|openai-[a-z0-9-]{1,64}|aoai-[a-z0-9-]{1,64})$/
const requestFieldsMax = 64
const askedCharactersMax = 8_192

const methodsKnown: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

export interface Cors {
  /**
   * Sets the fields that let the page read the answer, whatever becomes of the call. Must be called before anything is
   * written.
   */
  allow(req: Pick<IncomingMessage, 'headers'>, res: ServerResponse): void
  /** Answers a preflight of a listed origin. @returns false for every other call. */
  preflight(req: Pick<IncomingMessage, 'headers' | 'method' | 'url'>, res: ServerResponse): boolean
  /**
   * The same fields as lines, for the answer to bytes that could not be read as a request.
   * @param bytes the bytes that came.
   */
  linesFor(bytes: Buffer): string
}

/**
 * @param origins exactly as browsers send them. @param forwarded request fields that the operator forwards to
 *   instances.
 * @returns null when there are no origins.
 */
export function createCors(
  origins: readonly string[],
  forwarded: readonly string[],
  resolve: (method: string, url: string) => Route,
): Cors | null {
  if (origins.length === 0) return null
  const allowed: ReadonlySet<string> = new Set(origins)
  const added: ReadonlySet<string> = new Set(forwarded.map(name => name.toLowerCase()))
  const allow: Cors['allow'] = ({ headers }, res) => {
    const { origin } = headers
    if (origin === undefined) return
    // Set for other origins too: a cached answer for one origin must not be served to another.
    res.setHeader('vary', 'Origin')
    if (!allowed.has(origin)) return
    res.setHeader('access-control-allow-origin', origin)
    res.setHeader('access-control-expose-headers', exposed)
  }
  return {
    allow,
    preflight({ headers, method, url }, res) {
      const asked = headers['access-control-request-method']
      if (method !== 'OPTIONS' || asked === undefined || !allowed.has(headers.origin ?? '')) return false
      res.writeHead(204, {
        'access-control-allow-methods': methodsAt(url ?? '/', asked, resolve),
        ...fieldsOf(headers['access-control-request-headers'], added),
        ...(headers['access-control-request-private-network'] === 'true'
          ? { 'access-control-allow-private-network': 'true' }
          : {}),
        'access-control-max-age': rememberSeconds,
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      })
      res.end()
      return true
    },
    linesFor(bytes) {
      const origin = /\r\norigin:[ \t]*(\S{1,300})[ \t]*\r\n/i.exec(bytes.toString('latin1'))?.[1] ?? ''
      if (!allowed.has(origin)) return ''
      return `access-control-allow-origin: ${origin}\r\naccess-control-expose-headers: ${exposed}\r\nvary: Origin\r\n`
    },
  }
}

/**
 * The methods of the operation at this address. At an unknown address it is the requested method, so that the page sees
 * the refusal of its call: a failed preflight would hide it.
 */
function methodsAt(url: string, asked: string, resolve: (method: string, url: string) => Route): string {
  try {
    return resolve(asked, url).operation.methods.join(', ')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.code === 'method_not_allowed') return String(error.details['allowed'])
    return methodsKnown.has(asked) ? asked : 'GET, HEAD, POST'
  }
}

function fieldsOf(asked: string | string[] | undefined, added: ReadonlySet<string>): Readonly<Record<string, string>> {
  if (typeof asked !== 'string' || asked.length > askedCharactersMax) return {}
  const names = asked.split(',', requestFieldsMax).map(name => name.trim().toLowerCase())
  const taken = names.filter(name => requestField.test(name) || added.has(name))
  return taken.length === 0 ? {} : { 'access-control-allow-headers': taken.join(', ') }
}
