/**
 * The cookies of the console (RFC 6265bis). The prefix `__Host-` keeps other hosts and other paths from setting them.
 */
import { isSecret } from './secrets.ts'

export const sessionCookie = '__Host-gatehouse-session'
export const attemptCookiePrefix = '__Host-gatehouse-signin-'

/** Values by name, in the order of the header; a name that comes twice has two. */
export function readCookies(header: string | undefined): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at === -1) continue
    const name = pair.slice(0, at).trim()
    const value = pair.slice(at + 1).trim()
    const values = found.get(name)
    if (values === undefined) found.set(name, [value])
    else values.push(value)
  }
  return found
}

/** The secret of the request's session; null without one, and where it is unknown which of two was meant. */
export function sessionSecretOf(header: string | undefined): string | null {
  const [value, ...others] = readCookies(header).get(sessionCookie) ?? []
  return value !== undefined && others.length === 0 && isSecret(value) ? value : null
}

/**
 * A `Set-Cookie` field.
 * @param sameSite `Strict` for a session; `Lax` for a sign-in, whose answer comes from another site.
 * @param maxAgeSeconds 0 deletes the cookie; null keeps it until the browser closes.
 */
export function setCookie(
  name: string,
  value: string,
  sameSite: 'Strict' | 'Lax',
  maxAgeSeconds: number | null,
): string {
  const age = maxAgeSeconds === null ? '' : `; Max-Age=${maxAgeSeconds}`
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}${age}`
}
