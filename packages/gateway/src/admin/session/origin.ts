/** The address under which people open the console, and the requests that its own page makes. */
import type { IncomingHttpHeaders } from 'node:http'
import { AdminError } from '../errors.ts'
import { namesLoopback } from '../loopback.ts'

/** Field that the page sets on requests that change something: a form of another site cannot. */
export const consoleField = 'x-gatehouse-console'

/**
 * The configured public address, else that of the request itself where it names loopback; null where neither is known.
 * @param host the request's Host field.
 */
export function ownOrigin(publicUrl: string | null, host: string | undefined): string | null {
  if (publicUrl !== null) return new URL(publicUrl).origin
  return namesLoopback(host) ? (URL.parse(`http://${host}`)?.origin ?? null) : null
}

/**
 * Refuses a request with a session that the console's own page did not make. `SameSite=Strict` already keeps the cookie
 * from other sites; other ports and other names of the same site are what remains.
 * @throws AdminError request_forged
 */
export function requireOwnPage(method: string, headers: IncomingHttpHeaders, publicUrl: string | null): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw forged('Another page made this request.')
  if (method === 'GET' || method === 'HEAD') return
  const own = ownOrigin(publicUrl, headers.host)
  if (own === null || headers.origin !== own) {
    throw forged(`With a session, ${method} is taken from the console's own address alone.`)
  }
  if (headers[consoleField] !== '1') throw forged(`With a session, ${method} needs the field "${consoleField}: 1".`)
}

function forged(why: string): AdminError {
  const message = `${why} Use the console itself, or send a token as "Authorization: Bearer TOKEN".`
  return new AdminError('request_forged', message)
}
