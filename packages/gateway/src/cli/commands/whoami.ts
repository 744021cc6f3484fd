import { Command } from 'commander'
import { z } from 'zod'
import { IdentityError } from '../../identity/errors.ts'
import { parseToken } from '../../identity/token.ts'
import type { SignInContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { adminIsGateway, adminUnreachable } from '../reach/addresses.ts'
import { jsonText } from '../terminal/printable.ts'
import { expiry } from '../terminal/times.ts'
import { columnsIn, wrapLine } from '../terminal/wrap.ts'

/** Claims of a token about its holder; read, not verified: the gateway verifies. */
export interface TokenHolder {
  readonly kind: 'user' | 'application'
  readonly tenantId: string | null
  readonly objectId: string | null
  /** The program that the person signed in with, or the application itself. */
  readonly appId: string | null
  readonly displayName: string | null
  readonly audience: string | null
  readonly tokenVersion: string | null
  /** ISO 8601, UTC. */
  readonly expiresAt: string | null
}

/** The part of `GET /api/v1/whoami` that is not in the token itself. */
const answer = z.object({
  roles: z.array(z.string()),
  workloads: z.array(z.string()),
})

/** `gatehouse whoami`: who calls, and what the gateway lets that caller do. */
export function whoamiCommand(context: SignInContext): Command {
  return new Command('whoami')
    .description('show who you are to the gateway, your roles and workloads')
    .option(
      '--as <name>',
      "a person or application of the demonstration, as alice; or one's own account, as alice@contoso.com",
    )
    .action(async (options: { readonly as?: string }) => {
      const token = await context.token(options)
      const holder = readHolder(token)
      const { admin, origins } = await context.endpoints()
      const known =
        admin === null ? 'The management API is not known: --admin URL' : await askGateway(admin, origins.admin, token)
      context.stdout.write(context.json ? renderJson(holder, known) : renderText(holder, known, context))
    })
}

type Known = { readonly roles: readonly string[]; readonly workloads: readonly string[] } | string

/** Roles and workloads, or the reason why they are unknown; the token's part is shown in both cases. */
async function askGateway(admin: string, origin: string | null, token: string): Promise<Known> {
  try {
    const response = await fetch(`${admin}/api/v1/whoami`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    })
    if (response.headers.has('x-gatehouse-refusal')) return adminIsGateway(admin, origin).what
    if (response.status === 401) return `${admin} does not accept this token.`
    const found = response.ok ? answer.safeParse(await response.json()) : null
    if (found?.success !== true)
      return `${admin} answered with status ${response.status}, and not with roles and workloads.`
    return found.data
  } catch (error) {
    const { what, why } = adminUnreachable(admin, origin, error)
    return `${what} ${why ?? ''}`
  }
}

/** @throws CliError `token_unreadable` */
export function readHolder(token: string): TokenHolder {
  const claims = claimsOf(token)
  const text = (...names: readonly string[]): string | null => {
    const value = names.map(name => claims[name]).find(found => typeof found === 'string')
    return typeof value === 'string' ? value : null
  }
  const application = claims.idtyp === 'app' || (claims.scp === undefined && claims.idtyp !== 'user')
  return {
    kind: application ? 'application' : 'user',
    tenantId: text('tid'),
    objectId: text('oid'),
    appId: text('appid', 'azp'),
    displayName: text('preferred_username', 'upn', 'unique_name', 'name', 'app_displayname'),
    audience: text('aud'),
    tokenVersion: text('ver'),
    expiresAt: typeof claims.exp === 'number' ? new Date(claims.exp * 1_000).toISOString() : null,
  }
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return parseToken(token).claims
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    throw new CliError('token_unreadable', 'The token cannot be read.', error.message, 'gatehouse login')
  }
}

function renderJson(holder: TokenHolder, known: Known): string {
  const more = typeof known === 'string' ? { roles: null, workloads: null, note: known } : known
  const { roles, workloads, ...rest } = more
  return `${jsonText({ ...holder, roles, workloads, ...('note' in rest ? { note: rest.note } : {}) })}\n`
}

function renderText(holder: TokenHolder, known: Known, { clock, stdout }: SignInContext): string {
  const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '))
  const rows: readonly (readonly [string, string])[] = [
    [holder.kind === 'user' ? 'user' : 'application', holder.displayName ?? '-'],
    ['object id', holder.objectId ?? '-'],
    ['tenant', holder.tenantId ?? '-'],
    [holder.kind === 'user' ? 'signed in with' : 'app id', holder.appId ?? '-'],
    ['audience', `${holder.audience ?? '-'} (token version ${holder.tokenVersion ?? '-'})`],
    ['expires', holder.expiresAt === null ? '-' : expiry(Date.parse(holder.expiresAt), clock())],
    ...(typeof known === 'string'
      ? [['roles', `not known. ${known}`] as const]
      : [['roles', list(known.roles)] as const, ['workloads', list(known.workloads)] as const]),
  ]
  const width = columnsIn(stdout)
  return rows.map(([label, value]) => `${wrapLine(`${label.padEnd(15)} ${plain(value)}`, width, 16)}\n`).join('')
}

/** A display name can contain anything; a terminal must not obey it. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
