import { Command } from 'commander'
import { z } from 'zod'
import { hasMoreGroups } from '../../identity/claims.ts'
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
  /** Object ids of the groups that the token lists; null when it has no list. */
  readonly groups: readonly string[] | null
  /** True when the token says that there are more groups than it lists. */
  readonly groupsOverage: boolean
  /** App roles of the token; its other roles, those of the console, are the gateway's. */
  readonly appRoles: readonly string[]
}

/** The part of `GET /api/v1/whoami` that is not in the token itself. */
const answer = z.object({
  roles: z.array(z.string()),
  workloads: z.array(z.string()),
})

/** `gatehouse whoami`: who calls, and what the gateway lets that caller do. */
export function whoamiCommand(context: SignInContext): Command {
  return new Command('whoami')
    .description('show who you are to the gateway: groups and app roles of your token, your roles and workloads')
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
    groups: Array.isArray(claims.groups) ? textsOf(claims.groups) : null,
    groupsOverage: hasMoreGroups(claims),
    appRoles: textsOf(claims.roles),
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
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
  const rows: readonly (readonly [string, string])[] = [
    [holder.kind === 'user' ? 'user' : 'application', holder.displayName ?? '-'],
    ['object id', holder.objectId ?? '-'],
    ['tenant', holder.tenantId ?? '-'],
    [holder.kind === 'user' ? 'signed in with' : 'app id', holder.appId ?? '-'],
    ['audience', `${holder.audience ?? '-'} (token version ${holder.tokenVersion ?? '-'})`],
    ['expires', holder.expiresAt === null ? '-' : expiry(Date.parse(holder.expiresAt), clock())],
    ['groups', groupsText(holder)],
    ['app roles', list(holder.appRoles)],
    ...(typeof known === 'string'
      ? [['roles', `not known. ${known}`] as const]
      : [['roles', list(known.roles)] as const, ['workloads', list(known.workloads)] as const]),
  ]
  const width = columnsIn(stdout)
  return rows.map(([label, value]) => `${wrapLine(`${label.padEnd(15)} ${plain(value)}`, width, 16)}\n`).join('')
}

/** Most names of one row; Entra writes up to 200 groups into a token. */
const namesMost = 20

function list(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length - namesMost
  return names.slice(0, namesMost).join(', ') + (more > 0 ? `, and ${more} more: --json shows all` : '')
}

function groupsText({ groups, groupsOverage }: TokenHolder): string {
  if (groupsOverage) return 'too many for the token, so it does not list them all. Use an app role instead'
  return groups === null ? 'not in the token' : list(groups)
}

/** A display name can contain anything; a terminal must not obey it. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
