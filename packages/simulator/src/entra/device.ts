/** The device code flow (RFC 8628): the code for a terminal, and the page where a person enters it. */
import { randomBytes, randomInt } from 'node:crypto'
import { requestedScopes } from './grants.ts'
import { type EntraAnswer, type EntraCall, Form, jsonAnswer } from './http.ts'
import { choosePage, deviceCodePage, messagePage } from './pages.ts'
import {
  clientById,
  type DeviceRequest,
  deviceCodeLifetimeMs,
  type EndpointVersion,
  type EntraService,
} from './service.ts'

/** Without 0, 1, I, O, because people type it. */
const userCodeLetters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const userCodeLength = 9

export async function startDevice(
  call: EntraCall,
  service: EntraService,
  version: EndpointVersion,
): Promise<EntraAnswer> {
  const form = await call.form()
  const client = clientById(service, form.need('client_id'))
  const scopes = requestedScopes(form, service, version)
  const deviceCode = `1.${randomBytes(32).toString('base64url')}`
  const userCode = Array.from({ length: userCodeLength }, () => userCodeLetters[randomInt(32)]).join('')
  const expiresAtMs = service.clock() + deviceCodeLifetimeMs
  const request: DeviceRequest = { client, scopes, userCode, expiresAtMs, decision: 'pending' }
  service.deviceCodes.put(deviceCode, request)
  service.userCodes.put(userCode, request)
  const page = `${service.authority}/devicelogin`
  const seconds = (value: number) => (version === '2.0' ? value : String(value))
  return jsonAnswer(200, {
    user_code: userCode,
    device_code: deviceCode,
    // The v1 endpoint calls it `verification_url`.
    [version === '2.0' ? 'verification_uri' : 'verification_url']: page,
    expires_in: seconds(deviceCodeLifetimeMs / 1_000),
    interval: seconds(service.pollIntervalSeconds),
    message: `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`,
  })
}

/** GET shows the form for the code (`otc` fills it in); POST takes `code`, and then `person` or `cancel`. */
export async function devicePage(call: EntraCall, service: EntraService): Promise<EntraAnswer> {
  const form = call.method === 'POST' ? await call.form() : new Form(call.url.searchParams)
  if (call.method !== 'POST') return deviceCodePage(form.get('otc') ?? '', null)
  const entered = form.get('code') ?? ''
  // People type the code as they see it: in lower case, with blanks or hyphens.
  const request = service.userCodes.get(entered.toUpperCase().replace(/[\s-]/g, ''))
  if (request === null || request.expiresAtMs <= service.clock() || request.decision !== 'pending') {
    return deviceCodePage(
      entered,
      'That code is not known. It may have expired or been used; check it, or ask for a new one.',
    )
  }
  if (form.get('cancel') !== null) {
    request.decision = 'declined'
    return messagePage('Sign-in cancelled', 'The device was told. You can close this page.')
  }
  const person = service.directory.people.find(row => row.name === form.get('person'))
  if (person !== undefined) {
    request.decision = { person }
    return messagePage('You are signed in', `The device goes on as ${person.displayName}. You can close this page.`)
  }
  return choosePage({
    action: call.url.pathname,
    hidden: [['code', request.userCode]],
    client: request.client,
    people: service.directory.people,
    hint: null,
    asksFor: request.scopes.resource,
    formTarget: null,
  })
}

/** The service keeps no person signed in, so there is nothing to end. */
export function logout(): EntraAnswer {
  return messagePage('You are signed out', 'This simulator keeps no sign-in. You can close this page.')
}
