/** The addresses to which the answer of an authorization may go. */
import type { Application } from '../types.ts'

const nativeRedirects = ['http://localhost', 'http://127.0.0.1', 'http://[::1]']
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Addresses registered for an application. */
function registered(client: Application): readonly string[] {
  return client.redirectUris ?? (client.secret === null ? nativeRedirects : [])
}

/**
 * True when the address is registered: equal in every character, except that the port of a loopback address does not
 * matter, because a native client listens on any free port (RFC 8252 section 7.3).
 */
export function redirectAllowed(client: Application, redirectUri: string): boolean {
  if (registered(client).includes(redirectUri)) return true
  const portless = withoutLoopbackPort(redirectUri)
  return portless !== null && registered(client).some(uri => withoutLoopbackPort(uri) === portless)
}

/** `http://localhost:4711/x` -> `http://localhost/x`; null for anything but a plain loopback address. */
function withoutLoopbackPort(uri: string): string | null {
  if (!URL.canParse(uri) || /[\s\\#@]/.test(uri)) return null
  const url = new URL(uri)
  if (url.protocol !== 'http:' || !loopbackHosts.has(url.hostname)) return null
  return `http://${url.hostname}${url.pathname}${url.search}`
}
