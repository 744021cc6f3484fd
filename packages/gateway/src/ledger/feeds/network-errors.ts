import { codeOf } from '../../errors.ts'

const untrusted = 'its certificate is not trusted. Name its authority in NODE_EXTRA_CA_CERTS'
const broken = 'the connection broke. The feed tries again with growing pauses'
const silent = 'it did not answer in time. Check it, and the network'
const forbidden = 'a firewall of this machine forbids the connection'
const unreachable = 'it cannot be reached. Check the network, firewalls and private endpoints'

/** What went wrong on the way to another side, and what to do, by the code of Node, OpenSSL or undici. */
const adviceByCode: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved. Correct it, or check the name service',
  EAI_AGAIN: 'its name cannot be resolved now. Check the name service',
  ECONNREFUSED: 'nothing listens at that address. Correct it, or start what should listen',
  ECONNRESET: broken,
  EPIPE: broken,
  UND_ERR_SOCKET: broken,
  ERR_STREAM_PREMATURE_CLOSE: broken,
  ERR_HTTP2_STREAM_CANCEL: broken,
  ERR_HTTP2_STREAM_ERROR: broken,
  ERR_HTTP2_SESSION_ERROR: broken,
  ERR_HTTP2_ERROR: 'what answers there does not speak HTTP/2. Correct the address',
  REQUEST_SEND_ERROR: 'the connection broke or was never established. Check the network',
  EACCES: forbidden,
  EPERM: forbidden,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  UND_ERR_CONNECT_TIMEOUT: unreachable,
  UND_ERR_HEADERS_TIMEOUT: silent,
  UND_ERR_BODY_TIMEOUT: silent,
  UND_ERR_HEADERS_OVERFLOW: 'its answer has too many header fields. Check what answers there',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: 'its certificate has expired. Renew it there',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name. Correct the address',
}

/** Null where the code is not known. */
export function networkAdvice(code: string | null): string | null {
  return adviceByCode[code ?? ''] ?? null
}

/** The code of an error or of what caused it; only short words, because some come from answers. */
export function shownCode(error: unknown): string | null {
  const code = codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : null)
  return code !== null && /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : null
}
