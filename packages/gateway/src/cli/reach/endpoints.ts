/**
 * Addresses of the gateway, its management API and the sign-in service. Sources in this order: options, environment,
 * the demonstration that runs in this directory or above it, the profile that `login` saved. Local sources come first.
 */
import { isLoopback } from '../../identity/authority.ts'
import type { SignInSettings } from '../../identity/signin/index.ts'
import { CliError } from '../errors.ts'
import type { GlobalOptions } from '../options.ts'
import type { DemoState } from './demo-state.ts'
import { identityVariable } from './managed-identity.ts'
import { readMetadata } from './metadata.ts'
import type { Profile } from './profile.ts'

export interface EndpointSources {
  readonly options: GlobalOptions
  readonly env: Readonly<Record<string, string | undefined>>
  /** The running demonstration; null when there is none. */
  readonly demo: DemoState | null
  /** The profile that `login` saved; null before the first sign-in. */
  readonly profile: Profile | null
}

/**
 * Base URLs without a trailing slash; null when unknown. A profile or a demonstration is present only when it belongs
 * to that gateway.
 */
export interface Endpoints {
  readonly gateway: string | null
  readonly admin: string | null
  /** Where the two come from, as `--gateway`, in words that follow "from"; null when unknown. */
  readonly origins: Readonly<Record<'gateway' | 'admin', string | null>>
  readonly demo: DemoState | null
  /**
   * The demonstration that runs here, whichever gateway is named; null when none does, or when it is ignored. Its
   * people may sign in for another gateway of the same tenant.
   */
  readonly nearbyDemo: DemoState | null
  readonly profile: Profile | null
  /**
   * True when a demonstration runs here but is ignored, because the environment has a secret or an identity that is not
   * one of the demonstration's.
   */
  readonly demoPassedOver: boolean
}

/** The well-known public client id of the Azure CLI, as in the configuration's `signInClient`. */
const standardClientId = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

/** @throws CliError `url_invalid` */
export function findEndpoints({ options, env, demo: found, profile }: EndpointSources): Endpoints {
  const demo = hasForeignSecret(env, found) ? null : found
  const named = firstOf([
    [givenUrl('--gateway', options.gateway), '--gateway'],
    [givenUrl('GATEHOUSE_GATEWAY', env.GATEHOUSE_GATEWAY), 'GATEHOUSE_GATEWAY'],
    [demo?.gateway, origins.demo],
    [profile?.gateway, origins.profile],
  ])
  const gateway = named?.url ?? null
  const fitting = { demo: fits(demo, gateway) ? demo : null, profile: fits(profile, gateway) ? profile : null }
  const admin = firstOf([
    [givenUrl('--admin', options.admin), '--admin'],
    [givenUrl('GATEHOUSE_ADMIN', env.GATEHOUSE_ADMIN), 'GATEHOUSE_ADMIN'],
    [fitting.profile?.admin, origins.profile],
    [adminOfDemo(fitting), origins.demo],
  ])
  return {
    gateway,
    admin: admin?.url ?? null,
    origins: { gateway: named?.origin ?? null, admin: admin?.origin ?? null },
    ...fitting,
    nearbyDemo: demo,
    demoPassedOver: found !== null && demo === null,
  }
}

/** The sources that no option and no variable names. */
export const origins = { demo: 'the demonstration that runs here', profile: 'gatehouse login' } as const

function firstOf(
  sources: readonly (readonly [url: string | null | undefined, origin: string])[],
): { readonly url: string; readonly origin: string } | null {
  for (const [url, origin] of sources) if (url != null) return { url, origin }
  return null
}

/**
 * True for a secret that belongs to none of the demonstration's applications, and for a managed identity: neither the
 * secret nor a token of the identity must go to an address in its file.
 */
function hasForeignSecret(env: EndpointSources['env'], demo: DemoState | null): boolean {
  if ((env[identityVariable] ?? '') !== '') return demo !== null
  const { GATEHOUSE_CLIENT_ID: id = '', GATEHOUSE_CLIENT_SECRET: secret = '' } = env
  // A secret without its client id is never sent: its use is refused later.
  if (demo === null || secret === '' || id === '') return false
  return demo.applications.every(row => row.appId !== id)
}

/** A token from another sign-in service must not go to an address in a demonstration's file. */
function adminOfDemo({ demo, profile }: Pick<Endpoints, 'demo' | 'profile'>): string | null {
  if (demo === null) return null
  const ownSignIn = profile === null || sameOrigin(profile.authority, demo.authority)
  return ownSignIn ? demo.admin : null
}

/** A sign-in or demonstration of another gateway is not used for this one: its token would go to a stranger. */
function fits(known: { readonly gateway: string | null } | null, gateway: string | null): boolean {
  if (known === null || known.gateway === null || gateway === null) return known !== null && known.gateway === gateway
  return sameOrigin(known.gateway, gateway)
}

/**
 * Sign-in settings for this gateway. When they are unknown, the gateway's metadata is read (RFC 9728).
 * @throws CliError `gateway_unknown`, `metadata_unusable`, `gateway_unreachable`
 */
export async function signInSettings(endpoints: Endpoints, given: Partial<SignInSettings>): Promise<SignInSettings> {
  const known = endpoints.profile ?? endpoints.demo
  if (known !== null) return withGiven(known, given)
  const { authority, tenantId, scope } = given
  if (authority !== undefined && tenantId !== undefined && scope !== undefined) {
    return { authority, tenantId, scope, clientId: given.clientId ?? standardClientId }
  }
  return withGiven(
    { ...(await readMetadata(needGateway(endpoints), endpoints.origins.gateway)), clientId: standardClientId },
    given,
  )
}

function withGiven(known: SignInSettings, given: Partial<SignInSettings>): SignInSettings {
  return {
    authority: given.authority ?? known.authority,
    tenantId: given.tenantId ?? known.tenantId,
    clientId: given.clientId ?? known.clientId,
    scope: given.scope ?? known.scope,
  }
}

/** @throws CliError `gateway_unknown` */
export function needGateway(endpoints: Endpoints): string {
  if (endpoints.gateway !== null) return endpoints.gateway
  if (endpoints.demoPassedOver)
    throw passedOver('gateway_unknown', 'No gateway is known.', '--gateway http://127.0.0.1:8080')
  throw new CliError(
    'gateway_unknown',
    'No gateway is known.',
    'No --gateway, no GATEHOUSE_GATEWAY, no sign-in, and no demonstration runs in this folder or above it. GATEHOUSE_DEMO names the folder of one.',
    'gatehouse login --gateway https://gatehouse.example.com',
  )
}

/** @throws CliError `admin_unknown` */
export function needAdmin(endpoints: Endpoints): string {
  if (endpoints.admin !== null) return endpoints.admin
  if (endpoints.demoPassedOver)
    throw passedOver('admin_unknown', 'The management API is not known.', '--admin http://127.0.0.1:8081')
  throw new CliError(
    'admin_unknown',
    'The management API is not known.',
    'No --admin, no GATEHOUSE_ADMIN, none was given at login, and no demonstration runs in this folder or above it. GATEHOUSE_DEMO names the folder of one.',
    'the same with --admin http://127.0.0.1:8081',
  )
}

function passedOver(code: 'gateway_unknown' | 'admin_unknown', what: string, option: string): CliError {
  const why = `A demonstration runs here, but GATEHOUSE_CLIENT_SECRET or ${identityVariable} is set and belongs to none of its applications: no token of it is sent where its file says.`
  return new CliError(code, what, why, `unset GATEHOUSE_CLIENT_SECRET ${identityVariable}, or the same with ${option}`)
}

/** A base URL from an option or a variable; null when it is not set. */
function givenUrl(name: string, value: string | undefined): string | null {
  if (value === undefined || value === '') return null
  const url = URL.canParse(value) ? new URL(value) : null
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  if (!usable || url.username !== '' || url.password !== '') {
    throw new CliError(
      'url_invalid',
      `${name} is not the URL of a service.`,
      'It must be http(s)://HOST[:PORT][/PATH], without user name, query and fragment.',
      `${name}${name.startsWith('--') ? ' ' : '='}http://127.0.0.1:8080`,
      { exitCode: 2 },
    )
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new CliError(
      'url_invalid',
      `${name} is plain http to ${url.hostname}.`,
      'A token would travel where others can read it.',
      `${name}${name.startsWith('--') ? ' ' : '='}https://${url.host}`,
      { exitCode: 2 },
    )
  }
  return url.href.replace(/\/+$/, '')
}

export function sameOrigin(one: string, other: string): boolean {
  const origin = (text: string) => new URL(text).origin.replace('//localhost', '//127.0.0.1')
  return origin(one) === origin(other)
}
