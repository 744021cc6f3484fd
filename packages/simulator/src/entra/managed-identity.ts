/**
 * The token endpoint for workloads with a managed identity: in the form of App Service and Container Apps, and in that
 * of the instance metadata service of virtual machines.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Application } from '../types.ts'
import { EntraError } from './errors.ts'
import { type EntraAnswer, type EntraCall, Form, jsonAnswer, printable } from './http.ts'
import { type EntraService, issueAccessToken, tokenLifetimeSeconds } from './service.ts'

/** Names by which a request may choose a user-assigned identity, and the field that each is compared with. */
const selectors: Readonly<Record<string, (identity: Application) => string>> = {
  client_id: identity => identity.appId,
  clientid: identity => identity.appId,
  object_id: identity => identity.objectId,
  principal_id: identity => identity.objectId,
  mi_res_id: identity => identity.managedIdentityId ?? '',
  msi_res_id: identity => identity.managedIdentityId ?? '',
}

interface IdentityQuery {
  readonly identity: Application
  readonly resource: string
}

/** `GET /msi/token?resource=&api-version=2019-08-01[&client_id=]` with `X-IDENTITY-HEADER`. */
export function appServiceToken(call: EntraCall, service: EntraService): EntraAnswer {
  const header = call.headers['x-identity-header']
  if (typeof header !== 'string' || !same(header, service.identityHeader)) {
    return appServiceRefusal(401, 'X-IDENTITY-HEADER is missing or is not the value of IDENTITY_HEADER.')
  }
  return refusedAs(appServiceRefusal, () => {
    const form = new Form(call.url.searchParams)
    const version = form.need('api-version')
    if (version !== '2019-08-01') {
      return appServiceRefusal(400, `api-version '${printable(version)}' is not supported. Use 2019-08-01.`)
    }
    const { identity, resource } = read(form, service)
    const issued = issueAccessToken(
      service,
      { kind: 'application', application: identity },
      service.resources.named(resource),
    )
    return jsonAnswer(200, {
      access_token: issued.token,
      client_id: identity.appId,
      expires_on: String(issued.issuedAtSeconds + tokenLifetimeSeconds),
      not_before: String(issued.issuedAtSeconds),
      resource,
      token_type: 'Bearer',
    })
  })
}

/** `GET /metadata/identity/oauth2/token?resource=&api-version=2018-02-01` with `Metadata: true`. */
export function instanceMetadataToken(call: EntraCall, service: EntraService): EntraAnswer {
  // The header rejects requests that a browser or a proxy was tricked into.
  if (call.headers.metadata !== 'true' || call.headers['x-forwarded-for'] !== undefined) {
    return metadataRefusal(
      400,
      "Required metadata header 'Metadata: true' not specified, or the request was forwarded.",
    )
  }
  return refusedAs(metadataRefusal, () => {
    const form = new Form(call.url.searchParams)
    form.need('api-version')
    const { identity, resource } = read(form, service)
    const issued = issueAccessToken(
      service,
      { kind: 'application', application: identity },
      service.resources.named(resource),
    )
    return jsonAnswer(200, {
      access_token: issued.token,
      client_id: identity.appId,
      expires_in: String(tokenLifetimeSeconds),
      expires_on: String(issued.issuedAtSeconds + tokenLifetimeSeconds),
      ext_expires_in: String(tokenLifetimeSeconds),
      not_before: String(issued.issuedAtSeconds),
      resource,
      token_type: 'Bearer',
    })
  })
}

function read(form: Form, service: EntraService): IdentityQuery {
  const resource = form.need('resource')
  const identities = service.directory.applications.filter(row => row.managedIdentityId !== null)
  const chosenBy = Object.entries(selectors).filter(([name]) => form.get(name) !== null)
  const identity = identities.find(row =>
    chosenBy.every(([name, value]) => value(row).toLowerCase() === form.get(name)?.toLowerCase()),
  )
  if (identity === undefined) throw new EntraError('bad_request', { reason: 'Identity not found.' })
  return { identity, resource }
}

function refusedAs(refusal: (status: number, message: string) => EntraAnswer, answer: () => EntraAnswer): EntraAnswer {
  try {
    return answer()
  } catch (error) {
    if (error instanceof EntraError) return refusal(error.facts.status, error.message)
    throw error
  }
}

function appServiceRefusal(statusCode: number, message: string): EntraAnswer {
  return jsonAnswer(statusCode, { statusCode, message })
}

function metadataRefusal(status: number, message: string): EntraAnswer {
  return jsonAnswer(status, { error: 'invalid_request', error_description: message })
}

function same(given: string, wanted: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', wanted, 'buffer'))
}
