/** The address of the client of a call, which a proxy passes on in `X-Forwarded-For`. */
import { isIP } from 'node:net'
import type { Exchange } from '../../exchange.ts'

/**
 * Without trust in `X-Forwarded-For`, or where it names no address, this is the address of the connection. Entries are
 * read from the last, which the nearest proxy wrote, past those that are proxies themselves: what a client wrote comes
 * before what a proxy wrote about it.
 */
export function clientAddress({ call: { req }, isProxy }: Pick<Exchange, 'call' | 'isProxy'>): string | null {
  const connected = req.socket.remoteAddress ?? null
  const forwarded = isProxy === null ? undefined : req.headers['x-forwarded-for']
  if (isProxy === null || forwarded === undefined) return connected
  return lastClient(String(forwarded), isProxy) ?? connected
}

/** Where all entries are proxies, the first one. Null where the last entry is no address. */
function lastClient(forwarded: string, isProxy: (address: string) => boolean): string | null {
  let found: string | null = null
  for (let end = forwarded.length; end > 0; ) {
    const comma = forwarded.lastIndexOf(',', end - 1)
    const address = addressOf(forwarded.slice(comma + 1, end).trim())
    if (address === null) return found
    found = address
    if (!isProxy(address)) return address
    end = comma
  }
  return found
}

/** An IPv4 address, or an IPv6 address in brackets, with or without the port that Application Gateway adds. */
const withPort = /^(?:([\d.]+)|\[([\da-f:.]+)\])(?::\d{1,5})?$/i

function addressOf(entry: string): string | null {
  if (isIP(entry) !== 0) return entry
  const [, ipv4, ipv6] = withPort.exec(entry) ?? []
  const address = ipv4 ?? ipv6 ?? ''
  return isIP(address) === 0 ? null : address
}
