/**
 * Authenticate: the request's token to a caller. Nearly every token has been seen before, so this is usually
 * synchronous. An outage of the sign-in service is the gateway's problem (503), never the caller's (401).
 */
import type { Config } from '../../../config/schema/index.ts'
import { type Caller, IdentityError, readToken, type Verifier } from '../../../identity/index.ts'
import { type Authenticated, noteCaller, type Resolved } from '../../exchange.ts'
import { Refusal } from '../../refusals.ts'
import { type GroupsParts, withGroups } from './groups.ts'

export interface AuthenticateParts extends GroupsParts {
  readonly verifier: Pick<Verifier, 'remembered' | 'verify'>
  readonly identity: Pick<Config['identity']['entra'], 'audiences'>
}

/** @throws Refusal token_*, keys_unavailable, groups_unavailable; also as a rejection */
export function authenticate(exchange: Resolved, parts: AuthenticateParts): Authenticated | Promise<Authenticated> {
  const { rawHeaders, socket } = exchange.call.req
  try {
    const { token } = readToken(rawHeaders, parts.identity.audiences)
    const caller = parts.verifier.remembered(token, socket)
    if (caller !== null) return verified(exchange, caller, token, parts)
    return parts.verifier.verify(token).then(
      fresh => verified(exchange, fresh, token, parts),
      error => {
        throw asTokenRefusal(error)
      },
    )
  } catch (error) {
    throw asTokenRefusal(error)
  }
}

function verified(
  exchange: Resolved,
  caller: Caller,
  token: string,
  parts: AuthenticateParts,
): Authenticated | Promise<Authenticated> {
  noteCaller(exchange, caller, token)
  const complete = withGroups(exchange, parts)
  if (complete === caller) return exchange
  if (complete instanceof Promise) return complete.then(found => withCaller(exchange, found))
  return withCaller(exchange, complete)
}

function withCaller(exchange: Authenticated, caller: Caller): Authenticated {
  noteCaller(exchange, caller, exchange.token)
  return exchange
}

/** Also called to explain what a token would get. */
export function asTokenRefusal(error: unknown): unknown {
  if (!(error instanceof IdentityError)) return error
  return new Refusal(error.code, { reason: error.message }, { cause: error.cause })
}
