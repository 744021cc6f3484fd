/**
 * State that the endpoints of the sign-in service share: the tenant, its keys, sign-ins in progress, and the issuing of
 * tokens.
 */
import type { Clock } from '../clock.ts'
import type { Application, Directory, GraphFault, Person, TokenRequest } from '../types.ts'
import { accessTokenClaims, idTokenClaims, type Subject } from './claims.ts'
import { EntraError } from './errors.ts'
import { Expiring } from './expiring.ts'
import { type EntraCall, printable } from './http.ts'
import type { SigningKeys } from './keys.ts'
import { type RequestedScopes, type Resource, Resources } from './resources.ts'

/** Entra's lifetime, without its random 60 to 90 minutes. */
export const tokenLifetimeSeconds = 3_600
/** Time in which an authorization code can be redeemed. */
export const codeLifetimeMs = 10 * 60_000
export const deviceCodeLifetimeMs = 15 * 60_000
const underWayMax = 10_000

export type EndpointVersion = '1.0' | '2.0'

/** The person's consent on the authorize page. */
export interface AuthorizationCode {
  readonly client: Application
  readonly person: Person
  readonly scopes: RequestedScopes
  readonly redirectUri: string
  /** SHA-256 of the verifier, base64url; null for a client that authenticates with its secret and sent none. */
  readonly challenge: string | null
  readonly nonce: string | null
  readonly expiresAtMs: number
  redeemed: boolean
}

export interface DeviceRequest {
  readonly client: Application
  readonly scopes: RequestedScopes
  readonly userCode: string
  readonly expiresAtMs: number
  /** The person's decision so far. */
  decision: { readonly person: Person } | 'declined' | 'pending' | 'redeemed'
}

interface ServiceState {
  down: boolean
  keySetReads: number
  /** Answer of Microsoft Graph to everything; null for the ordinary answers. */
  graphFault: GraphFault | null
  /** Requests that reached Microsoft Graph. */
  graphReads: number
}

export interface EntraService {
  readonly authority: string
  readonly directory: Directory
  readonly resources: Resources
  readonly keys: SigningKeys
  readonly clock: Clock
  /** Seconds between two polls of a device code, in the answer to the client. */
  readonly pollIntervalSeconds: number
  /** The header value that a workload with a managed identity must send. */
  readonly identityHeader: string
  /** Expired ones are kept for as long again, so that a late client gets the reason. */
  readonly codes: Expiring<AuthorizationCode>
  readonly deviceCodes: Expiring<DeviceRequest>
  readonly userCodes: Expiring<DeviceRequest>
  readonly state: ServiceState
}

type ServiceOptions = Pick<
  EntraService,
  'authority' | 'directory' | 'keys' | 'clock' | 'pollIntervalSeconds' | 'identityHeader'
>

export function createService(options: ServiceOptions): EntraService {
  const { clock } = options
  return {
    ...options,
    resources: new Resources(options.directory, options.authority),
    codes: new Expiring(2 * codeLifetimeMs, underWayMax, clock),
    deviceCodes: new Expiring(2 * deviceCodeLifetimeMs, underWayMax, clock),
    userCodes: new Expiring(2 * deviceCodeLifetimeMs, underWayMax, clock),
    state: { down: false, keySetReads: 0, graphFault: null, graphReads: 0 },
  }
}

/** One endpoint: takes a call for a tenant that exists, named by its id or an alias. */
export type Endpoint<Result> = (call: EntraCall, service: EntraService, tenant: string) => Promise<Result> | Result

export interface IssuedToken {
  readonly token: string
  readonly issuedAtSeconds: number
}

export function issueAccessToken(service: EntraService, subject: Subject, resource: Resource): IssuedToken {
  const issuedAtMs = service.clock()
  const facts = { ...service, subject, resource, issuedAtMs, lifetimeSeconds: tokenLifetimeSeconds }
  return { token: service.keys.sign(accessTokenClaims(facts)), issuedAtSeconds: Math.floor(issuedAtMs / 1_000) }
}

/** @param version of the endpoint that was called, whatever version the resource's tokens have. */
export function issueIdToken(
  service: EntraService,
  subject: Subject & { kind: 'person' },
  version: EndpointVersion,
  nonce: string | null,
): string {
  const resource: Resource = { audience: subject.client.appId, version, registration: null, isGraph: false }
  const facts = { ...service, subject, resource, issuedAtMs: service.clock(), lifetimeSeconds: tokenLifetimeSeconds }
  return service.keys.sign(idTokenClaims(facts, nonce))
}

/** A token for a person or application by name, without the protocol: see `EntraSimulator.token`. */
export function issueByName(service: EntraService, request: TokenRequest): string {
  const claims = accessTokenClaims({
    ...service,
    subject: subjectNamed(service.directory, request.as),
    resource: service.resources.any(request.audience ?? service.resources.ownAudience, request.version),
    issuedAtMs: service.clock(),
    lifetimeSeconds: request.lifetimeSeconds ?? tokenLifetimeSeconds,
  })
  // A claim that is undefined is left out of the JSON.
  return service.keys.sign({ ...claims, ...request.claims })
}

function subjectNamed(directory: Directory, name: string): Subject {
  const person = directory.people.find(row => row.name === name)
  if (person !== undefined) {
    return { kind: 'person', person, client: signInClient(directory), permissions: ['user_impersonation'] }
  }
  const application = directory.applications.find(row => row.name === name)
  if (application !== undefined) return { kind: 'application', application }
  const known = [...directory.people, ...directory.applications].map(row => row.name).join(', ')
  throw new EntraError('bad_request', { reason: `The directory has no '${printable(name)}'. It has: ${known}.` })
}

/** The public client with which people sign in. */
function signInClient(directory: Directory): Application {
  const client = directory.applications.find(row => row.secret === null && row.managedIdentityId === null)
  if (client === undefined) {
    throw new EntraError('bad_request', { reason: 'The directory has no public client for people to sign in with.' })
  }
  return client
}

/**
 * An application that may use the protocol. A managed identity has an endpoint of its own, and uses the protocol only
 * with a token of another service.
 */
export function clientById(service: EntraService, clientId: string, isFederated = false): Application {
  const found = service.directory.applications
    .filter(row => row.managedIdentityId === null || (isFederated && (row.federatedCredentials ?? []).length > 0))
    .find(row => row.appId.toLowerCase() === clientId.toLowerCase())
  if (found === undefined) {
    throw new EntraError('client_unknown', { client: printable(clientId), tenant: service.directory.tenantId })
  }
  return found
}
