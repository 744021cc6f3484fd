/**
 * Header fields on their way to the backend and to the client: RFC 9110 section 7.6.1, and the gateway's rules on
 * credentials (P4, P6).
 */
import { allBackends, type BackendFacts, imageDeploymentField, limitFields } from '../../wire/backends.ts'
import { type Forwards, hopByHop } from '../../wire/request-fields.ts'
import { traceparentField } from '../../wire/trace-context.ts'

/**
 * Fields of an answer that are not passed to the client: those of the connection; those that speak for the whole
 * origin, because the origin is the gateway's; those that would lead a client past the gateway, with its token; and the
 * software of the instance. All others are passed, including `x-ms-region` and similar ones that SDKs and people read.
 */
const notReturned: ReadonlySet<string> = new Set([
  ...hopByHop,
  // Fields that speak for the origin.
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'public-key-pins',
  'expect-ct',
  'content-security-policy',
  'content-security-policy-report-only',
  'permissions-policy',
  'referrer-policy',
  'x-frame-options',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'timing-allow-origin',
  'clear-site-data',
  'service-worker-allowed',
  'report-to',
  'reporting-endpoints',
  'nel',
  // Concerns only the gateway and the instance: the gateway decides what clients may cache.
  'vary',
  // Fields that lead to other addresses.
  'alt-svc',
  'location',
  'content-location',
  ...allBackends.flatMap(({ notReturned }) => notReturned),
  'refresh',
  'link',
  // The software of the instance.
  'server',
  'via',
  'x-powered-by',
  'x-aspnet-version',
])

/**
 * True for fields that only the gateway may write: rules for browsers, and its own fields, which an instance could
 * forge.
 */
function isOwnFamily(name: string): boolean {
  // Nearly no name has these letters at these places, and looking at a letter is quicker than comparing.
  if (name[2] === 'g') return name.startsWith('x-gatehouse-')
  return name[0] === 'a' && name[2] === 'c' && name.startsWith('access-control-')
}

/** Fields about the instance's own limits, which all of its callers share. */
const { prefix: limitPrefix, ...limitNames } = limitFields
/** Not passed where the gateway sends its own figures. The usual names are listed, so that one look-up finds them. */
const notReturnedBesideOwn: ReadonlySet<string> = new Set([...notReturned, ...Object.values(limitNames)])

/** What decides which header fields of one call are sent. */
export interface HeaderChoice {
  readonly forwards: Forwards
  /** The row of the instance that gets the call. */
  readonly backend: BackendFacts
  /** True when the bytes to send are not encoded as the client's Content-Encoding says. */
  readonly decoded: boolean
  /** Name of the image deployment on the instance, where it differs from the client's; null keeps the client's. */
  readonly imageDeployment: string | null
  /** What is sent in the place of the client's `traceparent`; null keeps the client's. */
  readonly traceparent: string | null
}

/**
 * The header fields for the backend, names and values in turn: those known to be harmless, and those that the operator
 * lists. Accept-Encoding asks for a plain answer, because the gateway reads it; compression gains nothing on the short
 * way to the backend.
 */
export function requestHeaders(
  rawHeaders: readonly string[],
  credential: { readonly name: string; readonly value: string },
  requestId: string,
  { forwards, backend, decoded, imageDeployment, traceparent }: HeaderChoice,
): string[] {
  const headers: string[] = []
  const passes = forwards(backend)
  let ofConnection: ReadonlySet<string> | null = null
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    if (name === 'connection' && value.length > 10) ofConnection = named(value)
    if (!passes(name) || (decoded && name === 'content-encoding')) continue
    if (traceparent !== null && name === traceparentField) headers.push(name, traceparent)
    else headers.push(name, imageDeployment !== null && name === imageDeploymentField ? imageDeployment : value)
  }
  // `Connection` names fields of the client. It must not remove fields of the gateway.
  const sent = ofConnection === null ? headers : without(headers, ofConnection)
  sent.push('accept-encoding', 'identity', credential.name, credential.value, 'x-gatehouse-request-id', requestId)
  return sent
}

/**
 * The header fields for the client. `content-length` is left out where the gateway removes something from the body.
 * @param limits fields about the gateway's own limits, names and values in turn. Where they say how much is left, the
 *   instance's fields about that are left out, because all of its callers share its limits. The result is this array.
 */
export function responseHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  requestId: string,
  changesBody: boolean,
  limits: string[] | null = null,
): string[] {
  const returned = limits ?? []
  const ownLimits = returned.length > 0 && (returned[0] as string).startsWith(limitPrefix)
  const withheld = ownLimits ? notReturnedBesideOwn : notReturned
  const connection = headers['connection']
  const ofConnection = typeof connection === 'string' && connection.length > 10 ? named(connection) : null
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || withheld.has(name) || (changesBody && name === 'content-length')) continue
    if (isOwnFamily(name)) continue
    if (ofConnection?.has(name)) continue
    // Nearly no name has an r at this place, and looking at a letter is quicker than comparing.
    if (ownLimits && name[2] === 'r' && name.startsWith(limitPrefix)) continue
    if (typeof value === 'string') returned.push(name, value)
    else for (const one of value) returned.push(name, one)
  }
  returned.push('x-gatehouse-request-id', requestId)
  return returned
}

/** Names in a `Connection` field: fields of this connection only. `close` and `keep-alive` are options, not fields. */
function named(connection: string): ReadonlySet<string> {
  return new Set(connection.split(',').map(token => token.trim().toLowerCase()))
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (!names.has(headers[i] as string)) kept.push(headers[i] as string, headers[i + 1] as string)
  }
  return kept
}
