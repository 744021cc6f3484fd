/** What a proxy must do with header fields: RFC 9110 section 7.6.1, and the gateway's own rules on credentials (P4, P6). */
import { allBackends, type BackendFacts, imageDeploymentField, limitFields } from '../../wire/backends.ts'
import { type Forwards, hopByHop } from '../../wire/request-fields.ts'

/**
 * Fields of an answer that do not come back: those of the connection; those that speak for the whole origin, which is the gateway's and not
 * the instance's; those that lead a client past the gateway, with its token; and what runs the instance. All others do, also `x-ms-region`
 * and the like, which SDKs and people read.
 */
const notReturned: ReadonlySet<string> = new Set([
  ...hopByHop,
  // Of the origin.
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
  // Between gateway and instance alone: what clients may cache is decided here.
  'vary',
  // To other addresses.
  'alt-svc',
  'location',
  'content-location',
  ...allBackends.flatMap(({ notReturned }) => notReturned),
  'refresh',
  'link',
  // What runs the instance.
  'server',
  'via',
  'x-powered-by',
  'x-aspnet-version',
])

/** Whole families of fields: of browsers' rules, which are the gateway's to make, and of its own words, which an instance could forge. */
function isOwnFamily(name: string): boolean {
  // Nearly no name has these letters there: that is quicker seen than compared.
  if (name[2] === 'g') return name.startsWith('x-gatehouse-')
  return name[0] === 'a' && name[2] === 'c' && name.startsWith('access-control-')
}

/** What an instance says about its own limits, which all of its callers share. */
const { prefix: limitPrefix, ...limitNames } = limitFields
/** Beside the gateway's own figures those of the instance stay behind, too. The usual ones by name: one look-up finds them. */
const notReturnedBesideOwn: ReadonlySet<string> = new Set([...notReturned, ...Object.values(limitNames)])

/** What decides about the header fields of one call. */
export interface HeaderChoice {
  readonly forwards: Forwards
  /** The row of the instance that gets the call. */
  readonly backend: BackendFacts
  /** True when the bytes to send are not encoded as the client's Content-Encoding says. */
  readonly decoded: boolean
  /** The image deployment's name on the instance, where it has another one there; null leaves the client's. */
  readonly imageDeployment: string | null
}

/**
 * The header fields for the backend, as name, value, name, value: what is known to be harmless, and what the operator lists. Accept-Encoding
 * asks for the plain answer, since the gateway reads along; on the short way between gateway and backend compression gains nothing.
 */
export function requestHeaders(
  rawHeaders: readonly string[],
  credential: { readonly name: string; readonly value: string },
  requestId: string,
  { forwards, backend, decoded, imageDeployment }: HeaderChoice,
): string[] {
  const headers: string[] = []
  const passes = forwards(backend)
  let ofConnection: ReadonlySet<string> | null = null
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    if (name === 'connection' && value.length > 10) ofConnection = named(value)
    if (!passes(name) || (decoded && name === 'content-encoding')) continue
    headers.push(name, imageDeployment !== null && name === imageDeploymentField ? imageDeployment : value)
  }
  // What `Connection` names is the client's word about its own fields: it takes none of the gateway's away.
  const sent = ofConnection === null ? headers : without(headers, ofConnection)
  sent.push('accept-encoding', 'identity', credential.name, credential.value, 'x-gatehouse-request-id', requestId)
  return sent
}

/**
 * The header fields for the client. `content-length` is left out where the gateway takes something out of the body.
 * @param limits Names and values in turn, of the gateway's own limits: where they say how much is left, the instance's word for it,
 *   which all of its callers share, stays behind. The array is taken over.
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
    // Nearly no name has an r there: that is quicker seen than compared.
    if (ownLimits && name[2] === 'r' && name.startsWith(limitPrefix)) continue
    if (typeof value === 'string') returned.push(name, value)
    else for (const one of value) returned.push(name, one)
  }
  returned.push('x-gatehouse-request-id', requestId)
  return returned
}

/** Fields that `Connection` names belong to the connection too; `close` and `keep-alive` are no fields. */
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
