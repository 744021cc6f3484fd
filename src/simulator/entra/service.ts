/** What the endpoints of the sign-in service share: the tenant, its keys, and how tokens are made. */
import type { Clock } from '../../clock.ts'
import type { Application, Directory, EntraSimulator, TokenRequest } from '../types.ts'
import { accessTokenClaims, idTokenClaims, type Subject } from './claims.ts'
import { EntraError } from './errors.ts'
import { type Call, printable } from './http.ts'
import type { SigningKeys } from './keys.ts'
import { type Resource, Resources, resourceOf } from './resources.ts'

/** As Entra gives out, without its random 60 to 90 minutes. */
export const tokenLifetimeSeconds = 3_600

export interface Service {
  readonly authority: string
  readonly directory: Directory
  readonly resources: Resources
  readonly keys: SigningKeys
  readonly clock: Clock
  /** Seconds between two polls of a device code, as told to the client. */
  readonly pollIntervalSeconds: number
}

export interface IssuedToken {
  readonly token: string
  readonly issuedAtSeconds: number
  readonly lifetimeSeconds: number
}

export function createService(
  options: Omit<Service, 'resources'> & { readonly audiences: readonly string[] },
): Service {
  const { audiences, ...rest } = options
  return { ...rest, resources: new Resources(options.directory.tenantId, audiences) }
}

export function issueAccessToken(service: Service, subject: Subject, resource: Resource): IssuedToken {
  const issuedAtMs = service.clock()
  const facts = { ...service, subject, resource, issuedAtMs, lifetimeSeconds: tokenLifetimeSeconds }
  return {
    token: service.keys.sign(accessTokenClaims(facts)),
    issuedAtSeconds: Math.floor(issuedAtMs / 1_000),
    lifetimeSeconds: tokenLifetimeSeconds,
  }
}

/** @param version That of the endpoint that was asked, whatever the resource takes. */
export function issueIdToken(
  service: Service,
  subject: Subject & { kind: 'person' },
  version: '1.0' | '2.0',
  nonce: string | null,
): string {
  const resource: Resource = { audience: subject.client.appId, version, gateway: false }
  const facts = { ...service, subject, resource, issuedAtMs: service.clock(), lifetimeSeconds: tokenLifetimeSeconds }
  return service.keys.sign(idTokenClaims(facts, nonce))
}

/** A token for whoever asks by name, without the protocol: see `EntraSimulator.token`. */
export function issueByName(service: Service, request: TokenRequest): string {
  const audience = request.audience ?? 'https://cognitiveservices.azure.com'
  const resource = resourceOf(audience)
  const claims = accessTokenClaims({
    ...service,
    subject: subjectNamed(service.directory, request.as),
    resource: { ...resource, version: request.version ?? resource.version },
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
export function signInClient(directory: Directory): Application {
  const client = directory.applications.find(row => row.secret === null && row.managedIdentityId === null)
  if (client === undefined) {
    throw new EntraError('bad_request', { reason: 'The directory has no public client for people to sign in with.' })
  }
  return client
}

/** An application that may use the protocol: a managed identity has an endpoint of its own. */
export function clientById(service: Service, clientId: string): Application {
  const found = service.directory.applications.find(
    row => row.appId.toLowerCase() === clientId.toLowerCase() && row.managedIdentityId === null,
  )
  if (found === undefined) {
    throw new EntraError('client_unknown', { client: printable(clientId), tenant: service.directory.tenantId })
  }
  return found
}

/** One endpoint: takes a call for a tenant that exists. */
export type Endpoint<Result> = (call: Call, service: Service, tenant: string) => Promise<Result> | Result

export type Handle = Pick<EntraSimulator, 'down' | 'rotateKeys' | 'token'>
