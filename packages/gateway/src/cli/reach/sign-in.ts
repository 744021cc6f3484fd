/**
 * Tokens for commands, without user interaction: the demonstration's directory, the environment, the cache of `login`.
 */
import type { Clock } from '../../clock.ts'
import { checkedAuthority } from '../../identity/authority.ts'
import { AuthorityError } from '../../identity/errors.ts'
import {
  connectSignIn,
  rememberedToken,
  SignInError,
  type SignInSettings,
  signInAsApplication,
  signInWithPassword,
  type TokenCache,
} from '../../identity/signin/index.ts'
import { CliError } from '../errors.ts'
import type { TokenOptions } from '../options.ts'
import { originText } from './addresses.ts'
import { type DemoState, demoReader, trustDemo } from './demo-state.ts'
import { type Endpoints, origins, sameOrigin, signInSettings } from './endpoints.ts'
import { identityToken, identityVariable } from './managed-identity.ts'

export interface TokenSources {
  readonly endpoints: Endpoints
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cache: TokenCache
  readonly clock: Clock
}

/** @throws CliError */
export async function commandToken(sources: TokenSources, options: TokenOptions): Promise<string> {
  const { endpoints, env, cache, clock } = sources
  const as = options.as ?? null
  const given = authorityOrigin(endpoints, env)
  const demo = demoFor(endpoints, env, as) ?? (await explained(given, () => demoOfSameTenant(endpoints, env, as)))
  return explained(demo === null ? given : origins.demo, async () => {
    if (demo !== null) return demoToken(demo, as ?? demoReader, options.scope ?? demo.scope, clock)
    const settings = await settingsFor(endpoints, env, options.scope)
    const identity = env[identityVariable] ?? ''
    if (as === null && identity !== '') return identityToken(identity, settings.scope)
    const secret = env.GATEHOUSE_CLIENT_SECRET ?? ''
    if (as === null && secret !== '') return secretToken(settings, env.GATEHOUSE_CLIENT_ID, secret, clock)
    const account = as ?? endpoints.profile?.account ?? null
    return rememberedToken(settings, account, { cache, clock, renew: options.renew === true })
  })
}

/** `--as alice` means the demonstration's alice. Without it, a sign-in or a secret has precedence over its reader. */
function demoFor(endpoints: Endpoints, env: TokenSources['env'], as: string | null): DemoState | null {
  if (as !== null) return as.includes('@') ? null : endpoints.demo
  const hasOwn = [env.GATEHOUSE_CLIENT_SECRET, env[identityVariable]].some(value => (value ?? '') !== '')
  return endpoints.profile !== null || hasOwn ? null : endpoints.demo
}

/**
 * The demonstration that runs here, where the named gateway is another one that accepts its tokens: the gateway's
 * metadata names the same sign-in service and tenant. Passwords go to the demonstration's own address alone.
 */
async function demoOfSameTenant(
  endpoints: Endpoints,
  env: TokenSources['env'],
  as: string | null,
): Promise<DemoState | null> {
  const { nearbyDemo } = endpoints
  if (as === null || as.includes('@') || nearbyDemo === null) return null
  const { authority, tenantId, scope } = await settingsFor(endpoints, env, undefined)
  if (tenantId !== nearbyDemo.tenantId || !sameOrigin(authority, nearbyDemo.authority)) return null
  trustDemo(nearbyDemo)
  return { ...nearbyDemo, scope }
}

/**
 * Sign-in settings of these endpoints; the environment overrides them: GATEHOUSE_AUTHORITY, _TENANT, _CLIENT_ID,
 * _SCOPE.
 */
export async function settingsFor(
  endpoints: Endpoints,
  env: Readonly<Record<string, string | undefined>>,
  scope: string | undefined,
  given: Partial<SignInSettings> = {},
): Promise<SignInSettings> {
  const settings = await signInSettings(endpoints, {
    ...present('authority', given.authority ?? env.GATEHOUSE_AUTHORITY),
    ...present('tenantId', given.tenantId ?? env.GATEHOUSE_TENANT),
    ...present('clientId', given.clientId ?? env.GATEHOUSE_CLIENT_ID),
    ...present('scope', scope ?? env.GATEHOUSE_SCOPE),
  })
  return { ...settings, authority: checkedAuthority(settings.authority) }
}

function present(name: keyof SignInSettings, value: string | undefined): Partial<SignInSettings> {
  return value === undefined || value === '' ? {} : { [name]: value }
}

async function demoToken(demo: DemoState, as: string, scope: string, clock: Clock): Promise<string> {
  const { authority, tenantId, clientId } = demo
  const person = demo.people.find(row => row.name === as)
  if (person !== undefined) {
    const client = await connectSignIn({ authority, tenantId, clientId, scope }, { clock })
    return (await signInWithPassword(client, person.userPrincipalName, person.password)).accessToken
  }
  const application = demo.applications.find(row => row.name === as)
  if (application === undefined) {
    const names = [...demo.people, ...demo.applications].map(row => row.name).join(', ')
    throw new CliError(
      'nobody_of_that_name',
      `The demonstration has no ${as}.`,
      `It has ${names}.`,
      `--as ${demoReader}`,
      {
        exitCode: 2,
      },
    )
  }
  return secretToken({ authority, tenantId, clientId, scope }, application.appId, application.secret, clock)
}

async function secretToken(
  settings: SignInSettings,
  clientId: string | undefined,
  secret: string,
  clock: Clock,
): Promise<string> {
  if (clientId === undefined || clientId === '') {
    throw new CliError(
      'client_unknown',
      'GATEHOUSE_CLIENT_SECRET is set, GATEHOUSE_CLIENT_ID is not.',
      'A secret belongs to an application.',
      'export GATEHOUSE_CLIENT_ID=... as well, or unset GATEHOUSE_CLIENT_SECRET',
      { exitCode: 2 },
    )
  }
  const client = await connectSignIn({ ...settings, clientId }, { clock, secret })
  return (await signInAsApplication(client)).accessToken
}

const advice: Partial<Record<SignInError['code'], string>> = {
  not_signed_in: 'gatehouse login',
  sign_in_unfinished: 'gatehouse login --device',
}

/** Where the address of the sign-in service comes from. @param given `--authority`, where it was given. */
export function authorityOrigin(endpoints: Endpoints, env: TokenSources['env'], given?: string): string {
  if (given !== undefined) return '--authority'
  if ((env.GATEHOUSE_AUTHORITY ?? '') !== '') return 'GATEHOUSE_AUTHORITY'
  if (endpoints.profile !== null) return origins.profile
  return endpoints.demo === null ? `the gateway at ${endpoints.gateway ?? 'no address'}` : origins.demo
}

/**
 * Runs a sign-in and turns its failures into errors of the command line.
 * @param origin where the address of the sign-in service comes from.
 */
export async function explained<Result>(origin: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof AuthorityError) {
      const why = `${error.message} ${originText(origin)}`
      throw new CliError('sign_in_service_invalid', heads.sign_in_service_invalid, why, 'check --authority')
    }
    if (!(error instanceof SignInError)) throw error
    throw asCliError(error, origin)
  }
}

function asCliError(error: SignInError, origin: string): CliError {
  const { code, message } = error
  const next = error.next ?? advice[code] ?? null
  // One sentence says it: the head would only repeat it.
  if (code === 'not_signed_in') return new CliError(code, message, null, next, { cause: error })
  const isAddress = code === 'sign_in_unreachable' || code === 'sign_in_service_invalid'
  const why = isAddress ? `${message} ${originText(origin)}` : message
  return new CliError(code, heads[code], why, next, { cause: error })
}

const heads: Record<Exclude<SignInError['code'], 'not_signed_in'>, string> = {
  sign_in_refused: 'The sign-in was refused.',
  sign_in_unreachable: 'The sign-in service cannot be reached.',
  sign_in_service_invalid: 'The sign-in service cannot be used.',
  sign_in_unfinished: 'The sign-in was not finished.',
  token_file_exposed: 'The stored tokens are not safe.',
  token_file_unusable: 'The stored tokens cannot be used.',
}
