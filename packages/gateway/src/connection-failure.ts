/** Why a connection to a service failed, in words for the person who named its address. */
import { codeOf } from './errors.ts'

export interface ConnectionFailure {
  /** One sentence. It quotes nothing that the other side sent. */
  readonly why: string
  /** What to do beyond looking at the address; null where that is all. */
  readonly next: string | null
}

const untrusted: ConnectionFailure = {
  why: 'This machine does not trust its certificate.',
  next: 'NODE_EXTRA_CA_CERTS=FILE in the environment, with the certificate of its authority',
}
const selfSigned: ConnectionFailure = {
  ...untrusted,
  why: 'Its certificate is self-signed, so nothing vouches for it.',
}
const noTls: ConnectionFailure = {
  why: 'What listens there speaks http, not https.',
  next: 'the address with its other port; http:// is for addresses of this machine alone',
}
const silent: ConnectionFailure = { why: 'It did not answer in time.', next: null }
const broken: ConnectionFailure = { why: 'The connection broke off.', next: null }
const noWay: ConnectionFailure = {
  why: 'No network leads there: check VPN, firewalls and private endpoints.',
  next: null,
}

const byCode: Readonly<Record<string, ConnectionFailure>> = {
  ECONNREFUSED: { why: 'The connection was refused: nothing listens there.', next: null },
  ENOTFOUND: { why: 'The name does not resolve.', next: null },
  EAI_AGAIN: { why: 'The name does not resolve now: the name service does not answer.', next: null },
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  ETIMEDOUT: silent,
  UND_ERR_CONNECT_TIMEOUT: silent,
  UND_ERR_HEADERS_TIMEOUT: silent,
  UND_ERR_BODY_TIMEOUT: silent,
  ECONNRESET: broken,
  EPIPE: broken,
  UND_ERR_SOCKET: broken,
  EPROTO: noTls,
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: selfSigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: { why: 'Its certificate has expired.', next: 'the same when it is renewed' },
  ERR_TLS_CERT_ALTNAME_INVALID: { why: 'Its certificate is for another name.', next: null },
}

/** @param error of `fetch`, undici or a socket, which keep the reason in their causes. */
export function connectionFailure(error: unknown): ConnectionFailure {
  const reason = innermost(error)
  if (reason instanceof Error && (reason.name === 'TimeoutError' || reason.name === 'AbortError')) return silent
  if (reason instanceof Error && /redirect/.test(reason.message)) {
    return { why: 'It answered with a redirect to another address, which gets no token.', next: null }
  }
  const code = codeOf(reason)
  if (code === null) return broken
  // OpenSSL has a code for each way in which the first bytes can be no TLS record.
  if (/^ERR_SSL_(?:WRONG_VERSION|PACKET_LENGTH|.*RECORD|HTTP_REQUEST|UNSUPPORTED_PROTOCOL)/.test(code)) return noTls
  const known = byCode[code]
  if (known !== undefined) return known
  return { why: /^[A-Za-z0-9_]{1,64}$/.test(code) ? `The connection failed (${code}).` : broken.why, next: null }
}

function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  if (!(error instanceof Error) || error.cause === undefined || codeOf(error) !== null) return error
  return innermost(error.cause)
}
