/**
 * The claims of tokens, by version: Microsoft, "access token claims reference" and "ID token claims reference". The
 * manifest of the resource decides on the claims of an access token: "Configure group claims and app roles in tokens".
 */
import { hash, randomBytes } from 'node:crypto'
import type { Application, Directory, Person } from '../types.ts'
import type { Resource } from './resources.ts'

/** A JWT has at most this many groups; beyond it only a hint that there are more. */
const groupsInTokenMax = 200

export type Subject =
  | {
      readonly kind: 'person'
      readonly person: Person
      readonly client: Application
      readonly permissions: readonly string[]
    }
  | { readonly kind: 'application'; readonly application: Application }

export interface TokenFacts {
  readonly directory: Directory
  /** `http://127.0.0.1:PORT`, or https. */
  readonly authority: string
  readonly subject: Subject
  readonly resource: Resource
  readonly issuedAtMs: number
  readonly lifetimeSeconds: number
}

type Claims = Record<string, unknown>

export function issuers(authority: string, tenantId: string): Readonly<Record<'1.0' | '2.0', string>> {
  // Version 1 tokens name this issuer whatever the authority: resources of Azure compare it literally.
  return { '1.0': `https://sts.windows.net/${tenantId}/`, '2.0': `${authority}/${tenantId}/v2.0` }
}

export function accessTokenClaims(facts: TokenFacts): Claims {
  const { directory, subject, resource } = facts
  const principal = subject.kind === 'person' ? subject.person : subject.application
  return {
    aud: resource.audience,
    iss: issuers(facts.authority, directory.tenantId)[resource.version],
    ...times(facts),
    ...(subject.kind === 'person' ? personClaims(subject, facts) : applicationClaims(subject.application, facts)),
    ...(resource.registration?.groupMembershipClaims ? groupClaims(directory, principal) : {}),
    ...roleClaims(principal, resource),
    oid: principal.objectId,
    tid: directory.tenantId,
    // Entra's own id of a token: 16 bytes.
    uti: randomBytes(16).toString('base64url'),
    ver: resource.version,
  }
}

/** ID tokens of the v2 endpoints; `nonce` as the client sent it. */
export function idTokenClaims(
  facts: TokenFacts & { readonly subject: Subject & { kind: 'person' } },
  nonce: string | null,
): Claims {
  const { person, client } = facts.subject
  return {
    aud: client.appId,
    iss: issuers(facts.authority, facts.directory.tenantId)[facts.resource.version],
    ...times(facts),
    name: person.displayName,
    ...(nonce === null ? {} : { nonce }),
    oid: person.objectId,
    ...(facts.resource.version === '2.0'
      ? { preferred_username: person.userPrincipalName }
      : { unique_name: person.userPrincipalName, upn: person.userPrincipalName }),
    sub: pairwise(person.objectId, client.appId),
    tid: facts.directory.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: facts.resource.version,
  }
}

function times({ issuedAtMs, lifetimeSeconds }: TokenFacts): Claims {
  const iat = Math.floor(issuedAtMs / 1_000)
  return { iat, nbf: iat, exp: iat + lifetimeSeconds }
}

function personClaims(subject: Subject & { kind: 'person' }, facts: TokenFacts): Claims {
  const { person, client } = subject
  const [givenName, ...familyName] = person.displayName.split(' ')
  const shared = {
    name: person.displayName,
    scp: subject.permissions.join(' '),
    sub: pairwise(person.objectId, facts.resource.audience),
    ...typeClaim('user', facts.resource),
  }
  if (facts.resource.version === '2.0') {
    return { ...shared, azp: client.appId, azpacr: strength(client), preferred_username: person.userPrincipalName }
  }
  return {
    ...shared,
    acr: '1',
    amr: ['pwd'],
    appid: client.appId,
    appidacr: strength(client),
    ...(familyName.length > 0 ? { family_name: familyName.join(' '), given_name: givenName } : {}),
    ipaddr: '127.0.0.1',
    unique_name: person.userPrincipalName,
    upn: person.userPrincipalName,
  }
}

function applicationClaims(application: Application, facts: TokenFacts): Claims {
  const shared = {
    sub: application.objectId,
    ...typeClaim('app', facts.resource),
    app_displayname: application.name,
    ...(application.managedIdentityId === null ? {} : { xms_mirid: application.managedIdentityId }),
  }
  return facts.resource.version === '2.0'
    ? { ...shared, azp: application.appId, azpacr: strength(application) }
    : {
        ...shared,
        appid: application.appId,
        appidacr: strength(application),
        idp: issuers(facts.authority, facts.directory.tenantId)['1.0'],
      }
}

/** An optional claim: a registration has it when its manifest names it. */
function typeClaim(idtyp: 'user' | 'app', { registration }: Resource): Claims {
  return registration === null || registration.optionalClaims?.includes('idtyp') ? { idtyp } : {}
}

/** 0 for a public client, 1 for a client secret, 2 for a certificate, which is what a managed identity has. */
function strength(application: Application): '0' | '1' | '2' {
  if (application.managedIdentityId !== null) return '2'
  return application.secret === null ? '0' : '1'
}

/**
 * For a registration: the roles that it defines. For Graph: an application's permissions. For Microsoft's other
 * resources: none.
 */
function roleClaims(principal: Person | Application, { isGraph, registration }: Resource): Claims {
  const defined = registration?.appRoles ?? []
  const permissions = 'graphPermissions' in principal ? (principal.graphPermissions ?? []) : []
  const roles = isGraph ? permissions : principal.roles.filter(role => defined.includes(role))
  return roles.length === 0 ? {} : { roles }
}

function groupClaims(directory: Directory, principal: Person | Application): Claims {
  const ids = directory.groups.filter(group => principal.groups.includes(group.name)).map(group => group.objectId)
  if (ids.length === 0) return {}
  if (ids.length <= groupsInTokenMax) return { groups: ids }
  const kind = 'userPrincipalName' in principal ? 'users' : 'servicePrincipals'
  // Entra still names Azure AD Graph here, which no longer exists: clients are documented to ask Microsoft Graph
  // instead.
  const endpoint = `https://graph.windows.net/${directory.tenantId}/${kind}/${principal.objectId}/getMemberObjects`
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } }
}

/** The `sub` of a person differs between resources, so that two of them cannot compare notes. */
function pairwise(objectId: string, audience: string): string {
  return hash('sha256', `${objectId} ${audience}`, 'base64url')
}
