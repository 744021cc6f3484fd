/**
 * The token endpoint: authenticates the client, checks the grant, issues the tokens. RFC 6749, 7636 and 8628, with
 * Entra's peculiarities.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Application, Person } from '../types.ts'
import { EntraError } from './errors.ts'
import { checkAssertion } from './federation.ts'
import { type EntraAnswer, type EntraCall, type Form, jsonAnswer, printable } from './http.ts'
import { openRefreshToken, sealRefreshToken } from './refresh.ts'
import type { RequestedScopes } from './resources.ts'
import {
  clientById,
  type EndpointVersion,
  type EntraService,
  issueAccessToken,
  issueIdToken,
  tokenLifetimeSeconds,
} from './service.ts'

interface GrantCall {
  readonly form: Form
  readonly client: Application
  readonly service: EntraService
  readonly version: EndpointVersion
}

/** The result of a grant: tokens for a person, or for the client itself. */
interface Allowed {
  readonly person: Person | null
  readonly scopes: RequestedScopes
  readonly nonce: string | null
}

const grants: Readonly<Record<string, (call: GrantCall) => Allowed>> = {
  authorization_code: redeemCode,
  refresh_token: refresh,
  client_credentials: clientCredentials,
  password,
  'urn:ietf:params:oauth:grant-type:device_code': pollDevice,
  // The v1 endpoint's own name of it.
  device_code: pollDevice,
}

export async function tokenEndpoint(
  call: EntraCall,
  service: EntraService,
  version: EndpointVersion,
): Promise<EntraAnswer> {
  const form = await call.form()
  const grantType = form.need('grant_type')
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
  if (grant === undefined) throw new EntraError('grant_unsupported', { grant: printable(grantType) })
  const client = await authenticateClient(call, form, service)
  const allowed = grant({ form, client, service, version })
  return tokenAnswer(allowed, { form, client, service, version })
}

/**
 * The client by id and secret, from the form or from `Authorization: Basic` (RFC 6749 section 2.3.1), or by a token of
 * another service.
 */
async function authenticateClient(call: EntraCall, form: Form, service: EntraService): Promise<Application> {
  const basic = basicCredentials(call)
  const assertion = form.get('client_assertion')
  const client = clientById(service, basic?.id ?? form.need('client_id'), assertion !== null)
  if (assertion !== null) {
    await checkAssertion(assertion, client, service.clock())
    return client
  }
  const secret = basic?.secret ?? form.get('client_secret')
  if (client.secret === null && secret !== null) throw new EntraError('client_public')
  if (client.secret === null) return client
  if (secret === null) throw new EntraError('client_secret_missing')
  if (!sameSecret(secret, client.secret)) throw new EntraError('client_secret_wrong', { client: client.appId })
  return client
}

function basicCredentials(call: EntraCall): { id: string; secret: string } | null {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(call.headers.authorization ?? '') ?? []
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const at = text.indexOf(':')
  try {
    return at < 0 ? null : { id: formDecode(text.slice(0, at)), secret: formDecode(text.slice(at + 1)) }
  } catch (cause) {
    throw new EntraError('bad_request', { reason: 'The Authorization header is not form-encoded.' }, { cause })
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replace(/\+/g, ' '))
}

function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', wanted, 'buffer'))
}

function redeemCode({ form, client, service }: GrantCall): Allowed {
  const code = service.codes.get(form.need('code'))
  if (code === null || code.client.appId !== client.appId) throw new EntraError('code_unknown')
  if (code.redeemed) throw new EntraError('code_redeemed')
  // The code is used up from here on, also by a wrong try: with a stolen code it must not be possible to guess its
  // verifier.
  code.redeemed = true
  if (code.expiresAtMs <= service.clock()) throw new EntraError('code_expired')
  if (form.get('redirect_uri') !== code.redirectUri) throw new EntraError('redirect_differs')
  checkVerifier(form.get('code_verifier'), code.challenge)
  return { person: code.person, scopes: code.scopes, nonce: code.nonce }
}

/**
 * RFC 7636 section 4.6. A verifier without a challenge is refused too: it means that the challenge was removed on the
 * way.
 */
function checkVerifier(verifier: string | null, challenge: string | null): void {
  if (verifier === null && challenge === null) return
  const wellFormed = verifier !== null && /^[A-Za-z0-9._~-]{43,128}$/.test(verifier)
  if (!wellFormed || challenge === null || hash('sha256', verifier, 'base64url') !== challenge) {
    throw new EntraError('verifier_wrong')
  }
}

function refresh({ form, client, service, version }: GrantCall): Allowed {
  const { person, scope } = openRefreshToken(service, form.need('refresh_token'), client.appId)
  const named = version === '2.0' ? form.get('scope') : form.get('resource')
  const scopes = named === null ? service.resources.scopes(scope) : requestedScopes(form, service, version)
  // Every refresh gives a new refresh token; the old one stays valid, as with Entra.
  return { person, scopes: { ...scopes, refreshToken: true }, nonce: null }
}

function clientCredentials({ form, client, service, version }: GrantCall): Allowed {
  // One that came has proved who the client is.
  if (client.secret === null && form.get('client_assertion') === null) throw new EntraError('client_secret_missing')
  const scopes = requestedScopes(form, service, version)
  if (version === '2.0' && !/^[^ ]+\/\.default$/.test(scopes.requested))
    throw new EntraError('client_credentials_scope')
  return { person: null, scopes: { ...scopes, idToken: false, refreshToken: false }, nonce: null }
}

function password({ form, service, version }: GrantCall): Allowed {
  const username = form.need('username').toLowerCase()
  const secret = form.need('password')
  const person = service.directory.people.find(
    row => row.userPrincipalName.toLowerCase() === username || row.name === username,
  )
  if (person === undefined) throw new EntraError('user_unknown', { tenant: service.directory.tenantId })
  if (!sameSecret(secret, person.password)) throw new EntraError('password_wrong')
  return { person, scopes: requestedScopes(form, service, version), nonce: null }
}

function pollDevice({ form, client, service }: GrantCall): Allowed {
  const device = service.deviceCodes.get(form.get('device_code') ?? form.need('code'))
  if (device === null || device.client.appId !== client.appId || device.decision === 'redeemed') {
    throw new EntraError('device_code_bad')
  }
  if (device.expiresAtMs <= service.clock()) throw new EntraError('device_expired')
  if (device.decision === 'pending') throw new EntraError('device_pending')
  if (device.decision === 'declined') throw new EntraError('device_declined')
  const { person } = device.decision
  device.decision = 'redeemed'
  return { person, scopes: device.scopes, nonce: null }
}

/** v2 names the resource inside `scope`; v1 in `resource`, and always gives a refresh token to a person's client. */
export function requestedScopes(form: Form, service: EntraService, version: EndpointVersion): RequestedScopes {
  if (version === '2.0') return service.resources.scopes(form.need('scope'))
  const protocol = (form.get('scope') ?? '').split(' ').includes('openid') ? ' openid' : ''
  return service.resources.scopes(`${form.need('resource')}/.default offline_access${protocol}`)
}

function tokenAnswer({ person, scopes, nonce }: Allowed, { form, client, service, version }: GrantCall): EntraAnswer {
  const { resource, permissions } = scopes
  const subject =
    person === null
      ? ({ kind: 'application', application: client } as const)
      : ({ kind: 'person', person, client, permissions } as const)
  const { token, issuedAtSeconds } = issueAccessToken(service, subject, resource)
  return jsonAnswer(
    200,
    {
      token_type: 'Bearer',
      ...(version === '2.0'
        ? { expires_in: tokenLifetimeSeconds, ext_expires_in: tokenLifetimeSeconds }
        : v1Times(issuedAtSeconds, resource.audience)),
      ...(person === null ? {} : { scope: grantedScope(scopes) }),
      access_token: token,
      ...(person !== null && scopes.refreshToken
        ? { refresh_token: sealRefreshToken(service, person, client.appId, scopes.requested) }
        : {}),
      ...(subject.kind === 'person' && scopes.idToken
        ? { id_token: issueIdToken(service, subject, version, nonce) }
        : {}),
      // Microsoft's own client libraries request it and use it as the key of their cache.
      ...(person !== null && form.get('client_info') === '1' ? { client_info: clientInfo(person, service) } : {}),
    },
    { pragma: 'no-cache' },
  )
}

/** The v1 endpoint writes its numbers as strings. */
function v1Times(issuedAtSeconds: number, audience: string): Record<string, string> {
  return {
    expires_in: String(tokenLifetimeSeconds),
    ext_expires_in: String(tokenLifetimeSeconds),
    expires_on: String(issuedAtSeconds + tokenLifetimeSeconds),
    not_before: String(issuedAtSeconds),
    resource: audience,
  }
}

function grantedScope({ resource, permissions, requested }: RequestedScopes): string {
  const granted = permissions.map(permission => `${resource.audience}/${permission}`)
  const protocol = requested.split(' ').filter(word => ['openid', 'profile', 'email'].includes(word))
  return [...granted, ...protocol].join(' ')
}

function clientInfo(person: Person, service: EntraService): string {
  return Buffer.from(JSON.stringify({ uid: person.objectId, utid: service.directory.tenantId })).toString('base64url')
}
