/**
 * A sign-in that has begun: its state, nonce and PKCE verifier all derive from the secret in a cookie of its own, so
 * strangers who begin sign-ins cost this process no memory, and each tab can have one.
 */
import type { CodeSecrets } from '../../identity/signin/index.ts'
import { attemptCookiePrefix, readCookies, setCookie } from './cookies.ts'
import { returnPath } from './return-path.ts'
import { derived, isSame, isSecret, newSecret } from './secrets.ts'

/** Time for a person to sign in. */
export const attemptMs = 10 * 60_000
/** Sign-ins of one browser at once. Beyond it the oldest is forgotten: headers have a bound. */
const attemptsMax = 6

export interface Attempt {
  readonly secrets: CodeSecrets
  readonly returnTo: string
}

export interface BegunAttempt extends Attempt {
  /** `Set-Cookie` fields: its own, and those that end older ones. */
  readonly cookies: readonly string[]
}

export function beginAttempt(cookieHeader: string | undefined, returnTo: string, nowMs: number): BegunAttempt {
  const secret = newSecret()
  const secrets = secretsOf(secret)
  const value = `${secret}.${nowMs.toString(36)}.${Buffer.from(returnTo).toString('base64url')}`
  const older = [...readCookies(cookieHeader)]
    .filter(([name]) => name.startsWith(attemptCookiePrefix))
    .map(([name, [value = '']]) => ({ name, beganAtMs: Number.parseInt(value.split('.')[1] ?? '', 36) || 0 }))
    .sort((a, b) => b.beganAtMs - a.beganAtMs)
    .slice(attemptsMax - 1)
  return {
    secrets,
    returnTo,
    cookies: [
      setCookie(cookieName(secrets.state), value, 'Lax', attemptMs / 1_000),
      ...older.map(({ name }) => setCookie(name, '', 'Lax', 0)),
    ],
  }
}

/** The attempt that an answer with this state belongs to; null when this browser did not begin it, or too long ago. */
export function attemptOf(cookieHeader: string | undefined, state: string, nowMs: number): Attempt | null {
  if (!isSecret(state)) return null
  const [value, ...others] = readCookies(cookieHeader).get(cookieName(state)) ?? []
  if (value === undefined || others.length > 0) return null
  const [secret = '', beganAt = '', returnTo = ''] = value.split('.')
  const beganAtMs = Number.parseInt(beganAt, 36)
  if (!isSecret(secret) || !(nowMs - beganAtMs <= attemptMs)) return null
  const secrets = secretsOf(secret)
  if (!isSame(secrets.state, state)) return null
  // The cookie is in the browser's hands: its path is checked like any other.
  return { secrets, returnTo: returnPath(Buffer.from(returnTo, 'base64url').toString('utf8')) ?? '/' }
}

export function endAttempt(state: string): string {
  return setCookie(cookieName(state), '', 'Lax', 0)
}

function cookieName(state: string): string {
  return `${attemptCookiePrefix}${state.slice(0, 16)}`
}

function secretsOf(secret: string): CodeSecrets {
  return {
    verifier: derived(secret, 'sign-in verifier'),
    state: derived(secret, 'sign-in state'),
    nonce: derived(secret, 'sign-in nonce'),
  }
}
