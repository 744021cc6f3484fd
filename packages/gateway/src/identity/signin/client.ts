/**
 * The sign-in service as a client sees it: discovery once, then one function per way of signing in. The same code works
 * with Entra and with the simulator (OpenID Connect Core 1.0, RFC 6749, 7636, 8628).
 */
import * as oidc from 'openid-client'
import type { Clock } from '../../clock.ts'
import { connectionFailure } from '../../connection-failure.ts'
import { checkedAuthority } from '../authority.ts'
import { AuthorityError } from '../errors.ts'
import { SignInError } from './errors.ts'

/** The service to sign in to, and the scope of the token. */
export interface SignInSettings {
  /** As `https://login.microsoftonline.com`; plain http only for loopback hosts. */
  readonly authority: string
  /** Id of the tenant; `organizations` works with Entra itself. */
  readonly tenantId: string
  readonly clientId: string
  /** As `https://cognitiveservices.azure.com/.default`. */
  readonly scope: string
}

export interface SignedIn {
  readonly accessToken: string
  readonly expiresAtMs: number
  /** Null for an application, which can always request another token. */
  readonly refreshToken: string | null
  /** User principal name of the person; null for an application. */
  readonly account: string | null
}

export interface SignInClient {
  readonly settings: SignInSettings
  readonly configuration: oidc.Configuration
  readonly clock: Clock
}

/**
 * Scopes of a person's sign-in besides the resource's own: who the person is, and a refresh token instead of a sign-in
 * every hour.
 */
const personScopes = 'openid profile offline_access'
const answerSeconds = 20

/**
 * Reads the service's discovery document.
 * @param secret of a confidential client; null for a public one.
 * @throws SignInError `sign_in_service_invalid`, `sign_in_unreachable`, `sign_in_refused`
 */
export async function connectSignIn(
  settings: SignInSettings,
  options: { readonly clock: Clock; readonly secret?: string | null },
): Promise<SignInClient> {
  const authority = usableAuthority(settings.authority)
  if (!/^[A-Za-z0-9.-]+$/.test(settings.tenantId)) {
    throw new SignInError(
      'sign_in_service_invalid',
      'The tenant must be its id, as 11111111-2222-3333-4444-555555555555.',
    )
  }
  const issuer = new URL(`${authority}/${settings.tenantId}/v2.0`)
  const secret = options.secret ?? null
  // `checkedAuthority` allows plain http only for loopback hosts.
  const execute = issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : []
  const authentication = secret === null ? oidc.None() : oidc.ClientSecretPost(secret)
  // ID tokens are checked by our clock: the library knows only the machine's clock, and how far to shift it.
  const clockSkew = { [oidc.clockSkew]: Math.round((options.clock() - Date.now()) / 1_000) }
  const configuration = await translated(settings, () =>
    oidc.discovery(issuer, settings.clientId, clockSkew, authentication, { execute, timeout: answerSeconds }),
  )
  requireTrustworthyEndpoints(configuration)
  return { settings: { ...settings, authority }, configuration, clock: options.clock }
}

function usableAuthority(authority: string): string {
  try {
    return checkedAuthority(authority)
  } catch (cause) {
    if (cause instanceof AuthorityError) throw new SignInError('sign_in_service_invalid', cause.message, { cause })
    throw cause
  }
}

/**
 * A service on loopback may name http addresses; they must be on loopback too, or codes and secrets travel in the
 * clear.
 */
function requireTrustworthyEndpoints(configuration: oidc.Configuration): void {
  const metadata = configuration.serverMetadata()
  const { authorization_endpoint, token_endpoint, device_authorization_endpoint, end_session_endpoint } = metadata
  const endpoints = [authorization_endpoint, token_endpoint, device_authorization_endpoint, end_session_endpoint]
  for (const endpoint of endpoints) {
    if (endpoint !== undefined) usableAuthority(endpoint)
  }
}

/** The scope of the resource, and the scopes that a person's sign-in needs besides it. */
export function personScope(settings: SignInSettings): string {
  return `${settings.scope} ${personScopes}`
}

/**
 * `--as` of the demonstration, and test accounts: the resource owner password credentials grant (RFC 6749 section 4.3).
 */
export async function signInWithPassword(client: SignInClient, username: string, password: string): Promise<SignedIn> {
  const parameters = { username, password, scope: personScope(client.settings) }
  return signedIn(client, () => oidc.genericGrantRequest(client.configuration, 'password', parameters))
}

/** Signs an application in as itself. The client must have been connected with its secret. */
export async function signInAsApplication(client: SignInClient): Promise<SignedIn> {
  const parameters = { scope: client.settings.scope }
  return signedIn(client, () => oidc.clientCredentialsGrant(client.configuration, parameters))
}

/** @throws SignInError `not_signed_in` when the service no longer accepts the refresh token. */
export async function refreshSignIn(client: SignInClient, refreshToken: string): Promise<SignedIn> {
  const parameters = { scope: personScope(client.settings) }
  try {
    return await signedIn(client, () => oidc.refreshTokenGrant(client.configuration, refreshToken, parameters))
  } catch (error) {
    if (error instanceof SignInError && error.code === 'sign_in_refused' && isInvalidGrant(error.cause)) {
      throw new SignInError('not_signed_in', `The sign-in has ended. ${error.message}`, { cause: error })
    }
    throw error
  }
}

function isInvalidGrant(cause: unknown): boolean {
  return (
    cause instanceof oidc.ResponseBodyError &&
    (cause.error === 'invalid_grant' || cause.error === 'interaction_required')
  )
}

/** The result of a grant in this module's own form. */
export async function signedIn(
  client: SignInClient,
  grant: () => Promise<oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers>,
): Promise<SignedIn> {
  const askedAtMs = client.clock()
  const answer = await translated(client.settings, grant)
  const claims = answer.claims()
  const account = claims?.preferred_username ?? claims?.upn ?? claims?.oid
  return {
    accessToken: answer.access_token,
    // Without a lifetime in the answer, the token is used once and not remembered.
    expiresAtMs: askedAtMs + (answer.expires_in ?? 0) * 1_000,
    refreshToken: answer.refresh_token ?? null,
    account: typeof account === 'string' ? account : null,
  }
}

/** Runs a request to the service. Any failure becomes a SignInError that says what failed and where. */
export async function translated<Result>(settings: SignInSettings, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof SignInError) throw error
    throw translate(settings, error)
  }
}

function translate(settings: SignInSettings, error: unknown): SignInError {
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    const said = error.error_description ?? error.error
    return new SignInError('sign_in_refused', `${settings.authority} says: ${oneLine(said)}`, { cause: error })
  }
  if (isUnreachable(error)) {
    const { why, next } = outage(error)
    return new SignInError('sign_in_unreachable', `${settings.authority} ${why}`, { cause: error, next })
  }
  const reason = error instanceof Error ? `${error.message}. ${innermost(error)}` : 'an unknown failure'
  return new SignInError('sign_in_service_invalid', `${settings.authority} gave no usable answer: ${oneLine(reason)}`, {
    cause: error,
    next: 'check authority and tenant',
  })
}

/** `fetch` says "fetch failed" and keeps the reason in its cause; a 503 is an outage too. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'TimeoutError' || error.name === 'AbortError' || error.message === 'fetch failed') return true
  const { cause } = error
  if (cause instanceof Response) return cause.status >= 500
  return cause !== undefined && isUnreachable(cause)
}

/** A status is an answer, of something in front of the service most often; all else failed on the way. */
function outage(error: unknown): { readonly why: string; readonly next: string } {
  const status = /^status \d+$/.exec(innermost(error))?.[0] ?? null
  const { why, next } = connectionFailure(error)
  return {
    why: status === null ? `did not answer. ${why}` : `did not answer: ${status}.`,
    next: (status === null ? next : null) ?? 'check the address, or start the service',
  }
}

function innermost(error: unknown): string {
  if (error instanceof Response) return `status ${error.status}`
  if (!(error instanceof Error)) return ''
  const { cause } = error
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause instanceof Error || cause instanceof Response ? innermost(cause) : error.message
}

/** Entra's descriptions have several lines, with trace ids in the later ones. */
function oneLine(text: string): string {
  const line = text.split(/[\r\n]/)[0] ?? ''
  const clean = line.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?').trim()
  return clean.length > 400 ? `${clean.slice(0, 400)}…` : clean
}
