/** The layers that a request passes before a route handles it. `app.ts` has their order. */
import { isDeepStrictEqual } from 'node:util'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { readToken } from '../identity/bearer.ts'
import { type Caller, callerKey } from '../identity/caller.ts'
import { GroupsUnavailable } from '../identity/errors.ts'
import type { GroupDirectory } from '../identity/index.ts'
import { groupsOverageAdvice, lackingText } from '../identity/rules.ts'
import { bindingsOf } from './bindings.ts'
import { AdminError } from './errors.ts'
import type { AdminOptions, AdminRole } from './index.ts'
import type { AdminEnv } from './parts.ts'
import { methodsAt, prepareRoles, type Roles, rolesOfRoute } from './roles.ts'
import { metricsAnswer } from './routes/metrics.ts'
import type { SeenCallers } from './seen.ts'
import { type SessionGuardParts, sessionCaller } from './session/guard.ts'
import { visibleTo } from './visible.ts'

/**
 * Answers are personal data: no cache may keep them, and no browser may frame, sniff or run them. No CORS: other sites
 * cannot read them.
 */
const answerHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export function headersOf(requestId: string): Record<string, string> {
  return { ...answerHeaders, 'x-gatehouse-request-id': requestId }
}

export function everyAnswer(newId: () => string): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const requestId = newId()
    c.set('requestId', requestId)
    for (const [name, value] of Object.entries(headersOf(requestId))) c.header(name, value)
    await next()
  }
}

export const healthz: MiddlewareHandler<AdminEnv> = async (c, next) => {
  if (c.req.path !== '/healthz') return next()
  requireReading(c)
  return c.json({ status: 'ok' })
}

export function openMetrics(house: AdminOptions['house'], access: AdminOptions['access']): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    if (c.req.path !== '/metrics' || !access().metricsWithoutToken) return next()
    requireReading(c)
    return metricsAnswer(c, house)
  }
}

/** @param guard null where nobody signs in with a browser. A token counts where a request has both. */
export function authenticated(
  verifier: AdminOptions['verifier'],
  guard: SessionGuardParts | null,
  audiences: () => readonly string[],
): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const { incoming } = c.env
    const { authorization, 'api-key': apiKey } = incoming.headers
    if (guard !== null && !authorization && !apiKey && guard.settings().signIn !== null) {
      const { caller, token, session, isSignedIn } = await sessionCaller(incoming, guard)
      c.set('caller', caller)
      c.set('token', token)
      c.set('session', session)
      c.set('isSignedIn', isSignedIn)
      return next()
    }
    const { token } = readToken(incoming.rawHeaders, audiences())
    c.set('caller', verifier.remembered(token) ?? (await verifier.verify(token)))
    c.set('token', token)
    c.set('session', null)
    c.set('isSignedIn', async () => true)
    return next()
  }
}

/** The roles in force. The rules are prepared once per configuration. */
export function currentRoles(access: AdminOptions['access']): () => Roles {
  let written = access().roles
  let prepared = prepareRoles(written)
  return () => {
    const { roles } = access()
    if (roles !== written) prepared = prepareRoles(roles)
    written = roles
    return prepared
  }
}

export interface AuthorizedParts extends Pick<AdminOptions, 'access' | 'log' | 'house'> {
  readonly groups: () => GroupDirectory | null
  readonly seen: SeenCallers
}

export function authorized({ access, groups, log, house, seen }: AuthorizedParts): MiddlewareHandler<AdminEnv> {
  const rolesNow = currentRoles(access)
  const bindingsNow = bindingsOf(() => house.workloads)
  return async (c, next) => {
    const roles = rolesNow()
    const bindings = bindingsNow()
    const pattern = patternOf(c)
    const needed = pattern === null ? unknownAddress : rolesOfRoute(c.req.method, pattern)
    const asksForGroups = roles.asksForGroups || bindings.asksForGroups
    const verified = c.get('caller')
    // Groups are only looked up for a caller that does not have all that the route needs already.
    const enough = !asksForGroups || verified.listsGroups || suffices(needed, roles.of(verified))
    const caller = enough ? verified : await withGroups(verified, groups())
    c.set('caller', caller)
    seen.see(caller)
    const held = roles.of(caller)
    if (needed !== 'caller' && !(needed ?? unknownAddress).some(role => held.includes(role))) {
      log.warn(
        { audit: true, caller: callerKey(caller), route: pattern, needed, requestId: c.get('requestId') },
        'admin_refused',
      )
      throw new AdminError('role_missing', roleMessage(caller, needed ?? unknownAddress, roles))
    }
    if (pattern === null) requireMethod(c)
    if (needed === null)
      throw new AdminError('route_unknown', 'No role is set for this address, so it is not answered.')
    c.set('roles', held)
    c.set('bound', bindings.of(caller))
    c.set('visible', visibleTo(held, c.get('bound')))
    // The same rules give the same caller the same. A stream asks every second.
    const isSame = (): boolean =>
      (rolesNow() === roles && bindingsNow() === bindings) ||
      isDeepStrictEqual([rolesNow().of(caller), bindingsNow().of(caller)], [held, c.get('bound')])
    c.set('isAllowed', async () => isSame() && (await c.get('isSignedIn')()))
    await next()
  }
}

/** Who may learn that there is nothing at an address. */
const unknownAddress: readonly AdminRole[] = ['viewer', 'developer']

/** True when these roles decide everything about the answer: a developer's depends on the workloads too. */
function suffices(needed: readonly AdminRole[] | 'caller' | null, held: readonly AdminRole[]): boolean {
  const decisive = needed === null ? (['viewer'] as const) : needed
  return decisive !== 'caller' && decisive.some(role => role !== 'developer' && held.includes(role))
}

async function withGroups(caller: Caller, groups: GroupDirectory | null): Promise<Caller> {
  if (groups === null) return caller
  try {
    return await groups.complete(caller)
  } catch (cause) {
    if (!(cause instanceof GroupsUnavailable)) throw cause
    const message =
      'Your groups decide what you may do here, your token does not list them, and they cannot be looked up right now. Try again shortly.'
    throw new AdminError('groups_unavailable', message, { cause })
  }
}

function roleMessage(caller: Caller, needed: readonly AdminRole[], roles: Roles): string {
  const who = caller.displayName === null ? callerKey(caller) : `${caller.displayName} (${callerKey(caller)})`
  const advice = roles.groupsOverage(caller) ? ` ${groupsOverageAdvice}` : lackingText(roles.lacking(caller), caller)
  const granted = needed.map(role => `admin.roles.${role}`).join(' or ')
  return `This needs the role ${needed.join(' or ')}, which ${who} does not have. An operator grants it in the configuration under ${granted}.${advice}`
}

/** The pattern of the route that will answer; null when there is none. Layers match too, under `/*`. */
function patternOf(c: Context<AdminEnv>): string | null {
  return matchedRoutes(c).find(route => route.path !== '/*')?.path ?? null
}

/** No route answers, perhaps only because of the method. At an unknown address only reading is allowed. */
function requireMethod(c: Context<AdminEnv>): void {
  const allowed = methodsAt(c.req.path)
  requireOneOf(c, allowed.length > 0 ? allowed : reading)
}

function requireReading(c: Context<AdminEnv>): void {
  requireOneOf(c, reading)
}

const reading = ['GET', 'HEAD']

function requireOneOf(c: Context<AdminEnv>, allowed: readonly string[]): void {
  if (allowed.includes(c.req.method)) return
  throw new AdminError('method_not_allowed', `${c.req.method} is not taken here. Use ${allowed[0]}.`, {
    headers: { allow: allowed.join(', ') },
  })
}
