import type { HttpBindings } from '@hono/node-server'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { readToken } from '../identity/bearer.ts'
import { type Caller, callerKey } from '../identity/caller.ts'
import { type GroupDirectory, GroupsUnavailable } from '../identity/groups.ts'
import { groupsOverageAdvice, lackingText } from '../identity/rules.ts'
import type { Log } from '../log.ts'
import { AdminError, answerOf } from './errors.ts'
import type { AdminOptions, AdminRole } from './options.ts'
import { parameterError } from './parameters.ts'
import { Questions } from './questions.ts'
import { methodsAt, prepareRoles, type Roles, roleOfRoute } from './roles.ts'
import { addInstances } from './routes/instances.ts'
import { addLedger } from './routes/ledger.ts'
import { addLimits } from './routes/limits.ts'
import { addMetrics, metricsAnswer } from './routes/metrics.ts'
import { addRecords } from './routes/records.ts'
import { addTail } from './routes/tail.ts'
import { addUsage } from './routes/usage.ts'
import { addWhoami } from './routes/whoami.ts'

export interface AdminEnv {
  Bindings: HttpBindings
  Variables: { caller: Caller; roles: readonly AdminRole[]; requestId: string }
}
export type AdminApp = OpenAPIHono<AdminEnv>

/** What handlers work with. */
export interface AdminParts extends Pick<AdminOptions, 'ledger' | 'house' | 'log'> {
  readonly tailPollMs: number
  /** Aborted when the listener closes. */
  readonly closing: AbortSignal
  readonly questions: Questions
}

/** The management API without its listener. */
export function adminApp(
  options: Pick<AdminOptions, 'access' | 'verifier' | 'groups' | 'ledger' | 'house' | 'log'>,
  parts: Pick<AdminParts, 'tailPollMs' | 'closing'> & { newId: () => string },
): AdminApp {
  const { log, verifier } = options
  const app: AdminApp = new OpenAPIHono<AdminEnv>({
    defaultHook: (result, c) => {
      if (!result.success) throw parameterError(result.target, result.error, c.req.queries())
    },
  })
  app.onError((thrown, c) => failed(c, thrown, log))
  app.notFound(() => {
    throw new AdminError('route_unknown', 'There is nothing at this address. GET /openapi.json lists what there is.')
  })

  const layers: readonly MiddlewareHandler<AdminEnv>[] = [
    // First, so that every answer carries it, refusals included.
    everyAnswer(parts.newId),
    // Before the token is asked for: a supervisor that asks whether we live has none. It tells nothing else.
    healthz,
    // Here only where the operator says so: scrapers often have no token.
    openMetrics(options.house, options.access),
    // Before anything that depends on the address, so that unknown addresses tell nothing to strangers.
    authenticated(verifier),
    authorized(currentRoles(options.access), options.groups ?? (() => null), log),
  ]
  for (const layer of layers) app.use('*', layer)

  const handlerParts: AdminParts = { ...options, ...parts, questions: new Questions() }
  addWhoami(app, handlerParts)
  addUsage(app, handlerParts)
  addLedger(app, handlerParts)
  addInstances(app, handlerParts)
  addLimits(app, handlerParts)
  addMetrics(app, handlerParts)
  // `records/tail` before `records/{id}`: the first route that fits answers.
  addTail(app, handlerParts)
  addRecords(app, handlerParts)
  app.doc31('/openapi.json', openApiHead)
  app.openAPIRegistry.registerComponent('securitySchemes', 'entra', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Access token of Microsoft Entra ID for one of the audiences of the gateway.',
  })
  return app
}

const openApiHead = {
  openapi: '3.1.0',
  info: {
    title: 'Gatehouse management API',
    version: '1',
    description:
      'Figures and records of the ledger. Every route but /healthz asks for a verified token and a role: `viewer` for figures, `auditor` for bodies as well, `operator` to probe instances.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  security: [{ entra: [] }],
}

/** Answers are personal and are data alone: nothing may cache, frame, sniff or execute them. No CORS: no other site reads them. */
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

function everyAnswer(newId: () => string): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const requestId = newId()
    c.set('requestId', requestId)
    for (const [name, value] of Object.entries(headersOf(requestId))) c.header(name, value)
    await next()
  }
}

const healthz: MiddlewareHandler<AdminEnv> = async (c, next) => {
  if (c.req.path !== '/healthz') return next()
  requireReading(c)
  return c.json({ status: 'ok' })
}

function openMetrics(house: AdminOptions['house'], access: AdminOptions['access']): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    if (c.req.path !== '/metrics' || !access().metricsWithoutToken) return next()
    requireReading(c)
    return metricsAnswer(c, house)
  }
}

function authenticated(verifier: AdminOptions['verifier']): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const { token } = readToken(c.env.incoming.rawHeaders)
    c.set('caller', verifier.remembered(token) ?? (await verifier.verify(token)))
    await next()
  }
}

/** Rules are prepared once per configuration. */
function currentRoles(access: AdminOptions['access']): () => Roles {
  let written = access().roles
  let prepared = prepareRoles(written)
  return () => {
    const { roles } = access()
    if (roles !== written) prepared = prepareRoles(roles)
    written = roles
    return prepared
  }
}

function authorized(rolesNow: () => Roles, groups: () => GroupDirectory | null, log: Log): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const roles = rolesNow()
    const pattern = patternOf(c)
    const needed = pattern === null ? 'viewer' : roleOfRoute(c.req.method, pattern)
    const verified = c.get('caller')
    // Whoever has the role without them is not asked for.
    const enough = needed !== 'caller' && roles.of(verified).includes(needed ?? 'viewer')
    const caller =
      enough || !roles.asksForGroups || verified.listsGroups ? verified : await withGroups(verified, groups())
    c.set('caller', caller)
    const held = roles.of(caller)
    if (needed !== 'caller' && !held.includes(needed ?? 'viewer')) {
      log.warn(
        { audit: true, caller: callerKey(caller), route: pattern, needed, requestId: c.get('requestId') },
        'admin_refused',
      )
      throw new AdminError('role_missing', roleMessage(caller, needed ?? 'viewer', roles))
    }
    if (pattern === null) requireMethod(c)
    if (needed === null)
      throw new AdminError('route_unknown', 'No role is set for this address, so it is not answered.')
    c.set('roles', held)
    await next()
  }
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

function roleMessage(caller: Caller, needed: AdminRole, roles: Roles): string {
  const who = caller.displayName === null ? callerKey(caller) : `${caller.displayName} (${callerKey(caller)})`
  const advice = roles.groupsOverage(caller) ? ` ${groupsOverageAdvice}` : lackingText(roles.lacking(caller), caller)
  return `This needs the role ${needed}, which ${who} does not have. An operator grants it in the configuration under admin.roles.${needed}.${advice}`
}

/** The pattern of the route that will answer, null when none will. Layers are matched too, under `/*`. */
function patternOf(c: Context<AdminEnv>): string | null {
  return matchedRoutes(c).find(route => route.path !== '/*')?.path ?? null
}

/** No route answers: it may be for the method alone. Where there is nothing at all, nothing but reading is taken. */
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

function failed(c: Context<AdminEnv>, thrown: unknown, log: Log): Response {
  const { status, headers, body } = answerOf(thrown)
  if (status >= 500) {
    const fields = { error: thrown, code: body.error.code, requestId: c.get('requestId'), path: c.req.path }
    log.error(fields, 'admin_failed')
  }
  return c.json(body, status, headers)
}
