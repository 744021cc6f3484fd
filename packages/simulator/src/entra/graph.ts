/**
 * The one request to Microsoft Graph that a gateway makes: the groups of a person or an application. POST
 * /v1.0/{users|servicePrincipals}/{id}/getMemberObjects. Source: Microsoft Graph, "directoryObject: getMemberObjects",
 * its permissions and "Microsoft Graph error responses". The token is one of this tenant for Graph, with application
 * permissions in `roles`.
 */
import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Application, Person } from '../types.ts'
import { issuers } from './claims.ts'
import { EntraError } from './errors.ts'
import { type EntraAnswer, type EntraCall, jsonAnswer, printable } from './http.ts'
import { graphAudience } from './resources.ts'
import type { EntraService } from './service.ts'

interface Kind {
  /** Each of these sets of application permissions is sufficient. */
  readonly permissions: readonly (readonly string[])[]
  readonly find: (service: EntraService, id: string) => Person | Application | undefined
}

const same = (known: string, given: string): boolean => encodeURIComponent(known).toLowerCase() === given.toLowerCase()

const kinds: Readonly<Record<string, Kind>> = {
  users: {
    permissions: [
      ['User.Read.All', 'GroupMember.Read.All'],
      ['User.ReadBasic.All', 'GroupMember.Read.All'],
      ['Directory.Read.All'],
    ],
    find: ({ directory }, id) =>
      directory.people.find(row => same(row.objectId, id) || same(row.userPrincipalName, id.replace('@', '%40'))),
  },
  servicePrincipals: {
    permissions: [['Application.Read.All'], ['Directory.Read.All']],
    find: ({ directory }, id) => directory.applications.find(row => same(row.objectId, id)),
  },
}

const path = /^\/v1\.0\/(users|servicePrincipals)\/([^/]+)\/getMemberObjects$/

/** The answer of Graph; null when the path is not one of Graph's. */
export async function answerGraph(call: EntraCall, service: EntraService): Promise<EntraAnswer | null> {
  if (!call.url.pathname.startsWith('/v1.0/')) return null
  service.state.graphReads += 1
  const { graphFault } = service.state
  if (graphFault !== null) return faultAnswer(graphFault.status, graphFault.retryAfterSeconds ?? null)
  const [, kindName = '', id = ''] = path.exec(call.url.pathname) ?? []
  const kind = Object.hasOwn(kinds, kindName) ? kinds[kindName] : undefined
  if (kind === undefined) return refusal(400, 'BadRequest', 'Resource not found for the segment.')
  if (call.method !== 'POST') {
    return refusal(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.')
  }
  const permissions = await permissionsOf(call, service)
  if (typeof permissions === 'string') return refusal(401, 'InvalidAuthenticationToken', permissions)
  if (!kind.permissions.some(needed => needed.every(one => permissions.has(one)))) {
    return refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
  }
  return memberObjects(call, service, kind, id)
}

async function memberObjects(call: EntraCall, service: EntraService, kind: Kind, id: string): Promise<EntraAnswer> {
  if (!(await asksWell(call))) {
    return refusal(400, 'Request_BadRequest', "The parameter 'securityEnabledOnly' is required, as true or false.")
  }
  const principal = kind.find(service, id)
  if (principal === undefined) {
    const words = `Resource '${printable(id)}' does not exist or one of its queried reference-property objects are not present.`
    return refusal(404, 'Request_ResourceNotFound', words)
  }
  return jsonAnswer(200, {
    '@odata.context': `${graphAudience}/v1.0/$metadata#Collection(Edm.String)`,
    value: service.directory.groups.filter(row => principal.groups.includes(row.name)).map(row => row.objectId),
  })
}

async function asksWell(call: EntraCall): Promise<boolean> {
  try {
    const body = await call.json()
    return (
      typeof body === 'object' &&
      body !== null &&
      'securityEnabledOnly' in body &&
      typeof body.securityEnabledOnly === 'boolean'
    )
  } catch (error) {
    if (error instanceof EntraError) return false
    throw error
  }
}

/**
 * Application permissions of the token, or the mistake in it. Tokens with delegated permissions are not accepted: they
 * belong to people, and people do not call here.
 */
async function permissionsOf(call: EntraCall, service: EntraService): Promise<ReadonlySet<string> | string> {
  const [, token] = /^bearer +([^ ]+) *$/i.exec(call.headers.authorization ?? '') ?? []
  if (token === undefined) return 'Access token is empty.'
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...service.keys.published()] }), {
      algorithms: ['RS256'],
      audience: [graphAudience, service.authority].flatMap(name => [name, `${name}/`]),
      issuer: Object.values(issuers(service.authority, service.directory.tenantId)),
      requiredClaims: ['exp'],
      currentDate: new Date(service.clock()),
    })
    return new Set(rolesOf(payload))
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    if (error instanceof errors.JWTExpired) return 'Lifetime validation failed, the token is expired.'
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
      return 'Access token validation failure. Invalid audience.'
    }
    return 'CompactToken validation failed.'
  }
}

function rolesOf({ roles }: JWTPayload): readonly string[] {
  return Array.isArray(roles) ? roles.filter(role => typeof role === 'string') : []
}

function faultAnswer(status: 429 | 503, retryAfterSeconds: number | null): EntraAnswer {
  const retry = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }
  return status === 429
    ? refusal(429, 'TooManyRequests', 'Too many requests.', retry)
    : refusal(503, 'serviceNotAvailable', 'The service is temporarily unavailable.', retry)
}

function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): EntraAnswer {
  const requestId = randomUUID()
  const innerError = {
    date: new Date().toISOString().slice(0, 19),
    'request-id': requestId,
    'client-request-id': requestId,
  }
  return jsonAnswer(status, { error: { code, message, innerError } }, { 'request-id': requestId, ...headers })
}
