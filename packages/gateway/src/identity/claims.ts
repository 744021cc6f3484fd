/**
 * Checks the claims of a token and reads the caller from them. Claims: Microsoft Entra "access token claims reference".
 */
import type { Caller } from './caller.ts'
import { namesTenant } from './documents.ts'
import { IdentityError, quoted } from './errors.ts'
import type { VerifierOptions } from './index.ts'

export type Claims = Readonly<Record<string, unknown>>

/** The configuration, prepared for comparisons. */
export interface Expectations {
  readonly tenants: ReadonlySet<string>
  /** Without a slash at the end, GUIDs in lower case. */
  readonly audiences: ReadonlySet<string>
  readonly clients: ReadonlySet<string> | null
  readonly clockSkewMs: number
}

/** Claims that are checked before any key is looked up, so a foreign token costs no request and no signature check. */
export interface Origin {
  readonly tenantId: string
  readonly issuer: string
  readonly audience: string
  readonly version: Caller['tokenVersion']
  readonly expiresAtMs: number
}

const guidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const displayCharactersMax = 256
/** The last instant that a Date can hold, in seconds. A larger value is not a time. */
const secondsMax = 8_640_000_000_000

/** An audience in the form in which it is compared. */
function comparableAudience(audience: string): string {
  const lower = audience.toLowerCase()
  return guidForm.test(lower) ? lower : audience.replace(/\/$/, '')
}

/**
 * @throws IdentityError token_tenant, token_issuer, token_audience, token_claims, token_expired, token_not_yet_valid.
 */
export function readOrigin(claims: Claims, expected: Expectations, nowMs: number): Origin {
  const tenantId = requireTenant(claims.tid, expected)
  const issuer = claims.iss
  if (typeof issuer !== 'string' || !namesTenant(issuer, tenantId)) throw wrongIssuer(issuer, tenantId)
  const audience = requireAudience(claims.aud, expected)
  const version = claims.ver
  if (version !== '1.0' && version !== '2.0') {
    throw new IdentityError('token_claims', `The token has ver ${quoted(version)}; "1.0" and "2.0" are taken.`)
  }
  return { tenantId, issuer, audience, version, expiresAtMs: checkTimes(claims, expected.clockSkewMs, nowMs) }
}

/** @throws IdentityError token_tenant */
function requireTenant(tid: unknown, { tenants }: Pick<Expectations, 'tenants'>): string {
  const tenantId = typeof tid === 'string' ? tid.toLowerCase() : null
  if (tenantId !== null && tenants.has(tenantId)) return tenantId
  throw new IdentityError('token_tenant', `The token is of tenant ${quoted(tid)}. Sign in to ${anyOf(tenants)}.`)
}

/** @throws IdentityError token_audience */
function requireAudience(aud: unknown, { audiences }: Pick<Expectations, 'audiences'>): string {
  const audience = typeof aud === 'string' ? comparableAudience(aud) : null
  if (audience !== null && audiences.has(audience)) return audience
  throw new IdentityError(
    'token_audience',
    `The token is for ${quoted(aud)}. Get one for ${anyOf(audiences)}: as a scope, with "/.default" added.`,
  )
}

/** @throws IdentityError token_client */
function requireClient(appId: string | null, { clients }: Pick<Expectations, 'clients'>): void {
  if (clients === null || (appId !== null && clients.has(appId))) return
  throw new IdentityError(
    'token_client',
    `The token was obtained by the application ${quoted(appId ?? undefined)}, which is not among those that this gateway accepts.`,
  )
}

/**
 * The checks of a token that a caller alone decides, in the order in which they are made.
 * @throws IdentityError token_tenant, token_audience, token_client
 */
export function requireAccepted(
  { tenantId, audience, appId }: Pick<Caller, 'tenantId' | 'audience' | 'appId'>,
  expected: Omit<Expectations, 'clockSkewMs'>,
): void {
  requireTenant(tenantId, expected)
  requireAudience(audience, expected)
  requireClient(appId, expected)
}

/** What the configuration accepts, prepared for comparisons. */
export function expectationsOf(
  options: Pick<VerifierOptions, 'tenants' | 'audiences' | 'clients'>,
): Omit<Expectations, 'clockSkewMs'> {
  const { tenants, audiences, clients } = options
  return {
    tenants: new Set(tenants.map(lower)),
    audiences: new Set(audiences.map(comparableAudience)),
    clients: clients === null ? null : new Set(clients.map(lower)),
  }
}

function lower(value: string): string {
  return value.toLowerCase()
}

export function wrongIssuer(issuer: unknown, tenantId: string): IdentityError {
  return new IdentityError(
    'token_issuer',
    `The token was issued by ${quoted(issuer)}, which is not what tenant ${tenantId} publishes for its tokens. ` +
      'Get one from the sign-in service of that tenant.',
  )
}

/**
 * Checks both bounds with the tolerance of the clock skew.
 * @returns `exp` in milliseconds.
 */
function checkTimes(claims: Claims, clockSkewMs: number, nowMs: number): number {
  const expiresAtMs = milliseconds(claims.exp)
  if (expiresAtMs === null)
    throw new IdentityError('token_claims', 'The token has no usable exp: it must say when it ends.')
  if (nowMs >= expiresAtMs + clockSkewMs) {
    throw new IdentityError(
      'token_expired',
      `The token ended at ${new Date(expiresAtMs).toISOString()}; here it is ${new Date(nowMs).toISOString()}. Get a new one.`,
    )
  }
  if (claims.nbf === undefined) return expiresAtMs
  const startsAtMs = milliseconds(claims.nbf)
  if (startsAtMs === null) throw new IdentityError('token_claims', 'The token has an nbf that is not a time.')
  if (nowMs < startsAtMs - clockSkewMs) {
    throw new IdentityError(
      'token_not_yet_valid',
      `The token begins at ${new Date(startsAtMs).toISOString()}; here it is ${new Date(nowMs).toISOString()}. ` +
        'Check the clocks of both machines.',
    )
  }
  return expiresAtMs
}

function milliseconds(seconds: unknown): number | null {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= secondsMax ? seconds * 1_000 : null
}

/**
 * The caller that verified claims describe.
 * @throws IdentityError token_claims, token_client.
 */
export function readCaller(claims: Claims, origin: Origin, expected: Pick<Expectations, 'clients'>): Caller {
  const objectId = guid(claims.oid)
  if (objectId === null) {
    throw new IdentityError(
      'token_claims',
      'The token has no oid, the object id of its owner. Get an access token of an account in the tenant.',
    )
  }
  const appId = guid(origin.version === '1.0' ? claims.appid : claims.azp)
  requireClient(appId, expected)
  const groups = strings(claims.groups, 'groups').map(group => group.toLowerCase())
  const managedIdentity = claims.xms_mirid
  return Object.freeze({
    kind: readKind(claims, appId),
    tenantId: origin.tenantId,
    objectId,
    appId,
    displayName: readDisplayName(claims),
    groups: Object.freeze(groups),
    listsGroups: claims.groups !== undefined,
    groupsOverage: hasMoreGroups(claims),
    roles: Object.freeze([...strings(claims.roles, 'roles')]),
    scopes: Object.freeze(scopesOf(claims)),
    managedIdentityId: typeof managedIdentity === 'string' ? managedIdentity.toLowerCase() : null,
    audience: origin.audience,
    tokenVersion: origin.version,
    expiresAtMs: origin.expiresAtMs,
  })
}

/**
 * `idtyp` when the token has it; otherwise `scp`, which only tokens of users have, means a user. A token with neither
 * is an application's, but it must name that application: otherwise an ID token, which names none and grants no calls,
 * would pass for one.
 */
function readKind(claims: Claims, appId: string | null): Caller['kind'] {
  if (claims.idtyp === 'user') return 'user'
  if (claims.idtyp !== undefined && claims.idtyp !== 'app') {
    throw new IdentityError('token_claims', 'The token is neither of a user nor of an application (claim idtyp).')
  }
  if (claims.idtyp === undefined && typeof claims.scp === 'string') return 'user'
  if (appId !== null) return 'application'
  throw new IdentityError(
    'token_claims',
    'The token names neither permissions of a user (scp) nor an application (appid, azp): it may be an ID token. Send the access token.',
  )
}

/** Beyond 200 groups Entra names a source instead of listing them; in the implicit flow it sets `hasgroups`. */
export function hasMoreGroups(claims: Claims): boolean {
  const sources = claims._claim_names
  const named = typeof sources === 'object' && sources !== null && Object.hasOwn(sources, 'groups')
  return named || claims.hasgroups === true || claims.hasgroups === 'true'
}

function readDisplayName(claims: Claims): string | null {
  const candidates = [claims.preferred_username, claims.upn, claims.unique_name, claims.name, claims.app_displayname]
  const name = candidates.find(candidate => typeof candidate === 'string' && candidate !== '')
  if (typeof name !== 'string') return null
  // A name that its owner can choose must not be able to break a log line or a terminal.
  return name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '').slice(0, displayCharactersMax)
}

function scopesOf(claims: Claims): string[] {
  if (claims.scp === undefined) return []
  if (typeof claims.scp !== 'string') throw new IdentityError('token_claims', 'The token has a scp that is not a text.')
  return claims.scp.split(' ').filter(scope => scope !== '')
}

function strings(value: unknown, claim: string): readonly string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value
  throw new IdentityError('token_claims', `The token has ${claim} that are not a list of texts.`)
}

function guid(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const lower = value.toLowerCase()
  return guidForm.test(lower) ? lower : null
}

/** A few of the accepted values, for messages. */
function anyOf(values: ReadonlySet<string>): string {
  const shown = [...values].slice(0, 5).join(' or ')
  return values.size > 5 ? `${shown} (and ${values.size - 5} more)` : shown
}
