/** The actions of a person in a browser, for tests: opens a page, presses a button, follows redirects. */
import { hash, randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { azureCliClientId, demoDirectory } from '../directory.ts'
import type { Directory, EntraOptions, EntraSimulator, Registration } from '../types.ts'
import { startEntra } from './index.ts'

export const tenant = demoDirectory.tenantId
export const azureOpenAi = 'https://cognitiveservices.azure.com'
/** A second registration beside the demonstration's own: tokens of version 2, no groups. */
export const otherApi: Registration = {
  name: 'other-api',
  appId: '0a9b0000-1111-4222-8333-444455556666',
  uris: ['api://0a9b0000-1111-4222-8333-444455556666', 'https://api.contoso.example/other'],
  accessTokenVersion: 2,
  groupMembershipClaims: null,
  appRoles: ['Gatehouse.Auditor'],
  optionalClaims: ['idtyp'],
}
export const twoApis: Directory = { ...demoDirectory, registrations: [...demoDirectory.registrations, otherApi] }
export const scope = `${azureOpenAi}/.default openid profile offline_access`

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Target of the redirect; null when the answer is a page. */
  readonly location: URL | null
}

export async function open(url: string | URL, form?: URLSearchParams): Promise<Page> {
  const sent = form === undefined ? {} : { method: 'POST', body: form }
  const response = await fetch(url, { redirect: 'manual', ...sent })
  const location = response.headers.get('location')
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    location: location === null ? null : new URL(location),
  }
}

/** Sends the page's own form back with the choice. */
export async function submit(from: string | URL, page: Page, choice: Readonly<Record<string, string>>): Promise<Page> {
  const action = /<form method="post" action="([^"]*)"/.exec(page.text)?.[1]
  if (action === undefined) throw new Error(`no form on this page: ${page.text}`)
  const form = new URLSearchParams(choice)
  for (const [, name, value] of page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) {
    form.append(unescapeHtml(name ?? ''), unescapeHtml(value ?? ''))
  }
  return open(new URL(unescapeHtml(action), from), form)
}

function unescapeHtml(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}

export interface Pkce {
  readonly verifier: string
  readonly challenge: string
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: hash('sha256', verifier, 'base64url') }
}

export const redirectUri = 'http://localhost:4711'

/** A correct authorize request, except for `changes`; an empty value leaves the parameter out. */
export function authorizeUrl(
  authority: string,
  challenge: string,
  changes: Readonly<Record<string, string>> = {},
): URL {
  const url = new URL(`${authority}/${tenant}/oauth2/v2.0/authorize`)
  const parameters = {
    client_id: azureCliClientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state: 'state-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== '') url.searchParams.set(name, value)
  return url
}

/** A fresh authorization code for a person. */
export async function codeFor(authority: string, person: string, pkce: Pkce): Promise<string> {
  const url = authorizeUrl(authority, pkce.challenge)
  const { location } = await submit(url, await open(url), { person })
  const code = location?.searchParams.get('code')
  if (code === null || code === undefined) throw new Error('no code came back')
  return code
}

export interface TokenAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Posts to the v2 token endpoint, as the Azure CLI unless `parameters` say otherwise. */
export async function askToken(
  authority: string,
  parameters: Readonly<Record<string, string>>,
  path = `/${tenant}/oauth2/v2.0/token`,
): Promise<TokenAnswer> {
  const body = new URLSearchParams({ client_id: azureCliClientId, ...parameters })
  const response = await fetch(authority + path, { method: 'POST', body })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export function redemption(code: string, pkce: Pkce): Record<string, string> {
  return { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: pkce.verifier }
}

/** The claims of a token, unverified. */
export function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  const [, claims] = String(token).split('.')
  return JSON.parse(Buffer.from(claims ?? '', 'base64url').toString('utf8'))
}

/** A clock that moves only when the test moves it. */
export class HandClock {
  #nowMs = Date.UTC(2026, 5, 1, 12)
  readonly now = (): number => this.#nowMs
  advance(ms: number): void {
    this.#nowMs += ms
  }
}

/** A sign-in service for one test, stopped with it. */
export async function entraOf(t: TestContext, options: Partial<EntraOptions> = {}): Promise<EntraSimulator> {
  const entra = await startEntra({ directory: demoDirectory, ...options })
  t.after(() => entra.close())
  return entra
}
