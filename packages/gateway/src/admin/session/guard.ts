/** The caller of a request that comes with a session instead of a token. */
import type { IncomingMessage } from 'node:http'
import type { Caller } from '../../identity/caller.ts'
import { IdentityError } from '../../identity/errors.ts'
import { SignInError } from '../../identity/signin/index.ts'
import { AdminError } from '../errors.ts'
import type { AdminOptions } from '../index.ts'
import { sessionSecretOf } from './cookies.ts'
import type { SessionSettings } from './index.ts'
import { requireOwnPage } from './origin.ts'
import { expired, type FoundSession, type Sessions } from './sessions.ts'

export interface SessionCaller {
  readonly caller: Caller
  /** The access token of the session, verified. */
  readonly token: string
  readonly session: Pick<FoundSession, 'expiresAtMs'>
  /** False once the session has ended. */
  readonly isSignedIn: () => Promise<boolean>
}

export interface SessionGuardParts extends Pick<AdminOptions, 'verifier'> {
  readonly settings: () => SessionSettings
  readonly sessions: Sessions
}

/**
 * The token of the session goes through the same check as that of a request with a token, at each request.
 * @throws AdminError session_missing, session_expired, request_forged, sessions_unavailable; IdentityError
 *   keys_unavailable
 */
export async function sessionCaller(
  { method = '', headers }: IncomingMessage,
  { settings, sessions, verifier }: SessionGuardParts,
): Promise<SessionCaller> {
  const secret = sessionSecretOf(headers.cookie)
  if (secret === null) {
    const message = 'The request has neither a session nor a token. Sign in, or send "Authorization: Bearer TOKEN".'
    throw new AdminError('session_missing', message)
  }
  requireOwnPage(method, headers, settings().publicUrl)
  const { accessToken, expiresAtMs } = await found(sessions, secret)
  const caller = verifier.remembered(accessToken) ?? (await verified(verifier, accessToken))
  return {
    caller,
    token: accessToken,
    session: { expiresAtMs },
    isSignedIn: () => sessions.isOpen(secret),
  }
}

async function found(sessions: Sessions, secret: string): Promise<FoundSession> {
  try {
    return await sessions.find(secret)
  } catch (error) {
    if (!(error instanceof SignInError)) throw error
    const message = `Your session must be renewed, and that failed: ${error.message} Try again shortly.`
    throw new AdminError('sessions_unavailable', message, { cause: error })
  }
}

/** A token that was good at the sign-in may not be any more: another tenant, another audience, a withdrawn key. */
async function verified(verifier: SessionGuardParts['verifier'], token: string): Promise<Caller> {
  try {
    return await verifier.verify(token)
  } catch (error) {
    if (error instanceof IdentityError && error.code !== 'keys_unavailable') throw expired(error.message, error)
    throw error
  }
}
