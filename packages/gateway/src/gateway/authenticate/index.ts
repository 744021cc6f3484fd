/**
 * Authenticate: the request's token to a caller. Nearly every token has been seen before, so the ordinary answer is
 * synchronous. An outage of the sign-in service is our trouble (503), never the caller's (401).
 */
import type { IncomingMessage } from 'node:http'
import { type Caller, IdentityError, readToken, type Verifier } from '../../identity/index.ts'
import { Refusal } from '../refusals.ts'

export interface Authenticated {
  readonly caller: Caller
  /** For instances whose credential is `caller`; it goes nowhere else. */
  readonly token: string
}

/** @throws Refusal token_*, keys_unavailable */
export function authenticate(
  { rawHeaders, socket }: Pick<IncomingMessage, 'rawHeaders' | 'socket'>,
  verifier: Verifier,
): Authenticated | Promise<Authenticated> {
  try {
    const { token } = readToken(rawHeaders)
    const caller = verifier.remembered(token, socket)
    if (caller !== null) return { caller, token }
    return verifier.verify(token).then(
      verified => ({ caller: verified, token }),
      error => {
        throw asTokenRefusal(error)
      },
    )
  } catch (error) {
    throw asTokenRefusal(error)
  }
}

function asTokenRefusal(error: unknown): unknown {
  if (!(error instanceof IdentityError)) return error
  return new Refusal(error.code, { reason: error.message }, { cause: error.cause })
}
