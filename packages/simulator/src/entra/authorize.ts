/** The authorize endpoint: a page to choose a person, and the redirect to the client with a code. */
import { randomBytes } from 'node:crypto'
import type { Application } from '../types.ts'
import { EntraError } from './errors.ts'
import { requestedScopes } from './grants.ts'
import { type EntraAnswer, type EntraCall, Form, printable } from './http.ts'
import { choosePage, errorPage } from './pages.ts'
import { redirectAllowed } from './redirects.ts'
import type { RequestedScopes } from './resources.ts'
import { clientById, codeLifetimeMs, type EndpointVersion, type EntraService } from './service.ts'

/** A request with a client and an address that are known to belong together, so its answer may be sent back. */
interface Return {
  readonly client: Application
  readonly redirectUri: string
  readonly responseMode: 'query' | 'fragment'
  readonly state: string | null
}

/** GET shows the page; POST carries the same parameters and the choice: `person`, or `cancel`. */
export async function authorize(
  call: EntraCall,
  service: EntraService,
  version: EndpointVersion,
): Promise<EntraAnswer> {
  const parameters = await readParameters(call)
  if (!(parameters instanceof Form)) return parameters
  const back = returnOf(parameters, service)
  if (back instanceof EntraError) return errorPage(back)
  try {
    const request = checkRequest(parameters, back.client, service, version)
    return decide(parameters, back, request, service, call.url.pathname)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    return redirect(back, { error: error.facts.error, error_description: error.message })
  }
}

async function readParameters(call: EntraCall): Promise<Form | EntraAnswer> {
  try {
    return call.method === 'POST' ? await call.form() : new Form(call.url.searchParams)
  } catch (error) {
    // A request that cannot be read cannot be sent back to a client: the person sees the reason.
    if (error instanceof EntraError) return errorPage(error)
    throw error
  }
}

/** Before the address is known to be the client's own, nothing is redirected there (RFC 6749 section 4.1.2.1). */
function returnOf(parameters: Form, service: EntraService): Return | EntraError {
  try {
    const client = clientById(service, parameters.need('client_id'))
    const redirectUri = parameters.need('redirect_uri')
    if (!redirectAllowed(client, redirectUri)) {
      throw new EntraError('redirect_unregistered', { uri: printable(redirectUri), client: client.appId })
    }
    const responseMode = parameters.get('response_mode') ?? 'query'
    if (responseMode !== 'query' && responseMode !== 'fragment') {
      throw new EntraError('response_mode_unsupported', { mode: printable(responseMode) })
    }
    return { client, redirectUri, responseMode, state: parameters.get('state') }
  } catch (error) {
    if (error instanceof EntraError) return error
    throw error
  }
}

interface CheckedRequest {
  readonly scopes: RequestedScopes
  readonly challenge: string | null
}

function checkRequest(
  parameters: Form,
  client: Application,
  service: EntraService,
  version: EndpointVersion,
): CheckedRequest {
  const type = parameters.need('response_type')
  if (type !== 'code') throw new EntraError('response_type_unsupported', { type: printable(type) })
  const scopes = requestedScopes(parameters, service, version)
  const challenge = parameters.get('code_challenge')
  // A public client has no other proof that the code returns to the client that requested it.
  if (challenge === null && client.secret === null) throw new EntraError('pkce_missing')
  const wellFormed = challenge === null || /^[A-Za-z0-9_-]{43}$/.test(challenge)
  if (!wellFormed || (challenge !== null && parameters.get('code_challenge_method') !== 'S256')) {
    throw new EntraError('pkce_malformed')
  }
  return { scopes, challenge }
}

function decide(
  parameters: Form,
  back: Return,
  request: CheckedRequest,
  service: EntraService,
  action: string,
): EntraAnswer {
  if (parameters.get('cancel') !== null) throw new EntraError('consent_declined')
  const name = parameters.get('person')
  const person = service.directory.people.find(row => row.name === name)
  if (person !== undefined) {
    const code = `1.${randomBytes(32).toString('base64url')}`
    const expiresAtMs = service.clock() + codeLifetimeMs
    const { client, redirectUri } = back
    const nonce = parameters.get('nonce')
    service.codes.put(code, { ...request, client, person, redirectUri, nonce, expiresAtMs, redeemed: false })
    return redirect(back, { code })
  }
  // This service never keeps a person signed in, so a silent request cannot succeed.
  if (parameters.get('prompt') === 'none') throw new EntraError('login_required')
  return choosePage({
    action,
    hidden: [...parameters.entries()].filter(([field]) => field !== 'person' && field !== 'cancel'),
    client: back.client,
    people: service.directory.people,
    hint: parameters.get('login_hint'),
    asksFor: request.scopes.resource,
    // Browsers apply the form's policy to the redirect after it too.
    formTarget: new URL(back.redirectUri).origin,
  })
}

function redirect(back: Return, fields: Readonly<Record<string, string>>): EntraAnswer {
  const parameters = new URLSearchParams(back.state === null ? fields : { ...fields, state: back.state })
  const url = new URL(back.redirectUri)
  if (back.responseMode === 'fragment') url.hash = parameters.toString()
  else for (const [name, value] of parameters) url.searchParams.append(name, value)
  return { status: 303, headers: { location: url.href, 'cache-control': 'no-store' }, body: '' }
}
