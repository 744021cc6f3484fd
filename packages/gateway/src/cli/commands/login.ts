import { styleText } from 'node:util'
import { Command } from 'commander'
import {
  connectSignIn,
  type SignedIn,
  type SignInClient,
  type SignInSettings,
  signInWithBrowser,
  signInWithDevice,
} from '../../identity/signin/index.ts'
import type { SignInContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { browserCommand, openBrowser } from '../reach/browser.ts'
import type { Endpoints } from '../reach/endpoints.ts'
import { removeProfile, writeProfile } from '../reach/profile.ts'
import { authorityOrigin, explained, settingsFor } from '../reach/sign-in.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'

interface LoginOptions {
  readonly device?: boolean
  readonly authority?: string
  readonly tenant?: string
  readonly client?: string
  readonly scope?: string
  readonly account?: string
}

/** How long the terminal waits for the sign-in in the browser. */
const browserMs = 5 * 60_000

/** `gatehouse login`: signs a person in, with the browser of this machine or a device code, and remembers it. */
export function loginCommand(context: SignInContext): Command {
  return new Command('login')
    .description('sign in with Microsoft Entra ID, in the browser or with a device code')
    .option('--device', 'show a code to enter on another device')
    .option('--authority <url>', 'the sign-in service; the gateway says which')
    .option('--tenant <id>', 'the tenant; the gateway says which')
    .option('--client <id>', 'public client application to sign in with')
    .option('--scope <scope>', 'scope to ask for; the gateway says which')
    .option('--account <name>', 'account to offer first, as alice@contoso.com')
    .action((options: LoginOptions) => login(context, options))
}

/** Signs a person in and remembers it. @throws CliError */
export async function login(context: SignInContext, options: LoginOptions): Promise<void> {
  const endpoints = await context.endpoints()
  await explained(authorityOrigin(endpoints, context.env, options.authority), async () => {
    const settings = await settingsFor(endpoints, context.env, options.scope, givenSettings(options))
    const client = await connectSignIn(settings, { clock: context.clock })
    const text = `Signing in to tenant ${settings.tenantId} at ${settings.authority}, for ${settings.scope}\n`
    context.stderr.write(forPeople(text, context, context.stderr))
    const token = options.device === true ? await byDevice(context, client) : await byBrowser(context, client, options)
    await remember(context, endpoints, settings, token)
  })
}

function givenSettings({ authority, tenant, client }: LoginOptions): Partial<SignInSettings> {
  return {
    ...(authority === undefined ? {} : { authority }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    ...(client === undefined ? {} : { clientId: client }),
  }
}

async function byBrowser(context: SignInContext, client: SignInClient, options: LoginOptions): Promise<SignedIn> {
  return signInWithBrowser(client, {
    signal: AbortSignal.timeout(browserMs),
    accountHint: options.account,
    async open(url) {
      const opened = await openBrowser(url, browserCommand(process.platform, context.env))
      const lead = opened
        ? 'Your browser opens this page; if it does not, open it yourself:'
        : 'Open this page in a browser:'
      const without = 'Without a browser here: gatehouse login --device'
      const text = `${lead}\n  ${url}\nWaiting for at most five minutes. ${without}\n`
      context.stderr.write(forPeople(text, context, context.stderr))
    },
  })
}

async function byDevice(context: SignInContext, client: SignInClient): Promise<SignedIn> {
  return signInWithDevice(client, {
    show({ page, userCode, expiresAtMs }) {
      const minutes = Math.floor((expiresAtMs - context.clock()) / 60_000)
      context.stderr.write(
        `Open ${page} on any device and enter the code\n  ${userCode}\nIt is good for ${minutes} minutes.\n`,
      )
    },
  })
}

async function remember(
  context: SignInContext,
  endpoints: Endpoints,
  settings: SignInSettings,
  token: SignedIn,
): Promise<void> {
  const { account } = token
  if (account === null) {
    throw new CliError(
      'sign_in_service_invalid',
      'The sign-in service did not say who signed in.',
      'Its answer has no ID token, so the token could not be found again.',
      'gatehouse login with another --client',
    )
  }
  await context.tokens.put(settings, account, token)
  await writeProfile(context.stateDirectory, {
    ...settings,
    gateway: endpoints.gateway,
    admin: endpoints.admin,
    account,
  })
  if (context.json) {
    const { authority, tenantId, scope } = settings
    context.stdout.write(`${jsonText({ account, tenantId, authority, scope, gateway: endpoints.gateway })}\n`)
    return
  }
  const mark = context.stdout.isTTY === true ? styleText('green', '✓') : '✓'
  context.stdout.write(
    `${mark} Signed in as ${account}${endpoints.gateway === null ? '' : ` for ${endpoints.gateway}`}\n`,
  )
}

/** `gatehouse logout`: forgets every token and what `login` saved. */
export function logoutCommand(context: SignInContext): Command {
  return new Command('logout').description('forget all tokens of this machine').action(async () => {
    await explained('', () => context.tokens.forget())
    await removeProfile(context.stateDirectory)
    context.stdout.write(context.json ? `${jsonText({ signedIn: false })}\n` : 'Signed out: no token is kept here.\n')
  })
}
