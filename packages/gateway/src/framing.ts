/**
 * What the two listeners ask of a request's framing beyond what Node's parser refuses by itself (two lengths, a length beside chunks, folded
 * lines, bare line breaks): that whoever reads it behind or before the gateway sees the same request.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

type Head = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersionMajor' | 'httpVersionMinor'>

/** RFC 9110 section 7.2: a name or an address, and perhaps a port. */
const hostPattern = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?$/

/** Nearly every Host. */
const plainHost = /^[a-z0-9.-]+(?::\d{1,5})?$/

/** @returns why the request is refused with 400, in words for its sender; null when nothing is wrong. */
export function framingFault(req: Head): string | null {
  // The parser also takes 0.9 and 2.0, which frame their messages in other ways.
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor > 1) return 'it is neither HTTP/1.1 nor HTTP/1.0'
  const coding = req.headers['transfer-encoding']
  if (coding !== undefined) {
    // RFC 9112 section 6.1: a sender that knows only 1.0 cannot mean it.
    if (req.httpVersionMinor === 0) return 'it is HTTP/1.0 and has a Transfer-Encoding'
    if (coding.toLowerCase() !== 'chunked') return 'its Transfer-Encoding is not chunked alone'
  }
  return isRepeated(req.rawHeaders) ? 'it has more than one Host' : null
}

/** The same for what the one Host says: RFC 9112 section 3.2. Nothing is decided by it here, but proxies in front may decide by it. */
export function hostFault({ headers, httpVersionMinor }: Head): string | null {
  const { host } = headers
  if (host === undefined) return httpVersionMinor === 1 ? 'it has no Host' : null
  return plainHost.test(host) || hostPattern.test(host) ? null : 'its Host is not a name or an address'
}

/** Node shows the first alone. By length first: hardly another field has a name of four letters. */
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
 * Connections of which the last request has come. Behind one with `Upgrade`, bytes are no HTTP any more as far as its sender knows, and Node's
 * parser drops a part of them: what it reads next may be the middle of a body. Behind one that is framed in two ways likewise. What
 * follows is neither run nor answered; the answer to the last one says `Connection: close`.
 */
export class LastRequests {
  readonly #ended = new WeakSet<Duplex>()

  /** @returns false for a request that comes behind the last one. */
  admits({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
    return !this.#ended.has(socket)
  }

  /** @param fault of the framing. @returns true when this is the last request of its connection. */
  isLast({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, fault: string | null): boolean {
    if (fault === null && headers.upgrade === undefined) return false
    this.#ended.add(socket)
    return true
  }
}
