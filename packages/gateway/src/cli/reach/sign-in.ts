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
import { type DemoState, demoReader } from './demo-state.ts'
import { type Endpoints, signInSettings } from './endpoints.ts'
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
  return explained(async () => {
    const demo = demoFor(endpoints, env, as)
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

/** Runs a sign-in and turns its failures into errors of the command line. */
export async function explained<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof AuthorityError) {
      throw new CliError('sign_in_service_invalid', heads.sign_in_service_invalid, error.message, 'check --authority')
    }
    if (!(error instanceof SignInError)) throw error
    throw new CliError(error.code, heads[error.code], error.message, error.next ?? advice[error.code] ?? null, {
      cause: error,
    })
  }
}

const heads: Record<SignInError['code'], string> = {
  not_signed_in: 'You are not signed in.',
  sign_in_refused: 'The sign-in was refused.',
  sign_in_unreachable: 'The sign-in service is not to be reached.',
  sign_in_service_invalid: 'The sign-in service cannot be used.',
  sign_in_unfinished: 'The sign-in was not finished.',
  token_file_exposed: 'The stored tokens are not safe.',
  token_file_unusable: 'The stored tokens cannot be used.',
}
