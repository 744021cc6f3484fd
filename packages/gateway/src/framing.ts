/**
 * Checks on how a request is framed, beyond what Node's parser refuses itself (two lengths, a length besides chunks,
 * folded lines, bare line breaks). They make sure that proxies before the gateway and instances after it see the same
 * request.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

type Head = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersionMajor' | 'httpVersionMinor'>

/** RFC 9110 section 7.2: a name or an address, and an optional port. */
const hostPattern = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?$/

/** Fast check that nearly every Host passes. */
const plainHost = /^[a-z0-9.-]+(?::\d{1,5})?$/

/** @returns why the request is refused with 400, in words for the client; null when nothing is wrong. */
export function framingFault(req: Head): string | null {
  // Node's parser also accepts 0.9 and 2.0, which frame their messages in other ways.
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor > 1) return 'it is neither HTTP/1.1 nor HTTP/1.0'
  const coding = req.headers['transfer-encoding']
  if (coding !== undefined) {
    // RFC 9112 section 6.1: a client that knows only 1.0 cannot mean it.
    if (req.httpVersionMinor === 0) return 'it is HTTP/1.0 and has a Transfer-Encoding'
    if (coding.toLowerCase() !== 'chunked') return 'its Transfer-Encoding is not chunked alone'
  }
  return isRepeated(req.rawHeaders) ? 'it has more than one Host' : null
}

/**
 * Checks the value of the one Host (RFC 9112 section 3.2). The gateway decides nothing by it, but proxies in front may.
 * @returns as `framingFault`.
 */
export function hostFault({ headers, httpVersionMinor }: Head): string | null {
  const { host } = headers
  if (host === undefined) return httpVersionMinor === 1 ? 'it has no Host' : null
  return plainHost.test(host) || hostPattern.test(host) ? null : 'its Host is not a name or an address'
}

/** Node shows only the first Host. The length is compared first: hardly any other field has a name of four letters. */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let found = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (found) return true
    found = true
  }
  return false
}

/**
 * Connections that have sent their last request. After a request with `Upgrade`, the client may send bytes that are not
 * HTTP, and Node's parser drops some of them: what it reads next may be the middle of a body. The same is true after a
 * request that is framed in two ways. Later requests on such a connection are neither run nor answered; the answer to
 * the last one says `Connection: close`.
 */
export class LastRequests {
  readonly #ended = new WeakSet<Duplex>()

  /** @returns false for a request that comes after the last one. */
  admits({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
    return !this.#ended.has(socket)
  }

  /**
   * @param fault as `framingFault` returns it.
   * @returns true when this is the last request of its connection.
   */
  isLast({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, fault: string | null): boolean {
    if (fault === null && headers.upgrade === undefined) return false
    this.#ended.add(socket)
    return true
  }
}
