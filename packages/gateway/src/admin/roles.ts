import type { Config } from '../config/schema/index.ts'
import type { Caller } from '../identity/caller.ts'
import { compileRules } from '../identity/rules.ts'
import { type AdminRole, adminRoles } from './index.ts'

type RouteRoles = AdminRole | 'caller' | readonly AdminRole[]

/**
 * The role that each method and route requires (HEAD counts as GET), or roles of which any is enough. What a developer
 * may see of a route's answer, `visible.ts` decides. A route that is not in this table is answered with 404
 * even when it has a handler: no route is reachable because its protection was forgotten. Only `/healthz` needs no
 * token and is not in the table.
 */
export const roleByRoute = {
  // Any caller with a verified token may read who it is; otherwise a refused caller could not find out why.
  'GET /api/v1/whoami': 'caller',
  // What people have used themselves is theirs to know.
  'GET /api/v1/me': 'caller',
  'GET /api/v1/me/series': 'caller',
  // Version and licences; the health of parts is in the answer for viewers alone.
  'GET /api/v1/about': 'caller',
  'GET /api/v1/me/calls/:id': 'caller',
  // Calls are the gateway's to admit or refuse: here they need no more than a token, as there.
  'GET /api/v1/playground': 'caller',
  'POST /api/v1/playground/chat/completions': 'caller',
  'POST /api/v1/playground/responses': 'caller',
  'GET /openapi.json': ['viewer', 'developer'],
  'GET /metrics': 'viewer',
  'GET /api/v1/usage': ['viewer', 'developer'],
  'GET /api/v1/series': ['viewer', 'developer'],
  'GET /api/v1/attention': 'viewer',
  'GET /api/v1/instances': 'viewer',
  // It makes the gateway send a call, although it bills nothing: a role that only reads must not be enough.
  'POST /api/v1/instances/:name/probe': 'operator',
  'POST /api/v1/instances/:name/drain': 'operator',
  'POST /api/v1/instances/:name/restore': 'operator',
  'GET /api/v1/callers': ['viewer', 'developer'],
  'GET /api/v1/errors': ['viewer', 'developer'],
  'GET /api/v1/workloads': ['viewer', 'developer'],
  'GET /api/v1/workloads/:name': ['viewer', 'developer'],
  'GET /api/v1/limits': 'viewer',
  'POST /api/v1/limits/overrides': 'operator',
  'POST /api/v1/limits/overrides/end': 'operator',
  'GET /api/v1/live': ['viewer', 'developer'],
  'GET /api/v1/log': 'viewer',
  'POST /api/v1/log/level': 'operator',
  'POST /api/v1/log/reset': 'operator',
  // Secrets are left out of all of these; names of callers and groups are not.
  'GET /api/v1/config': 'operator',
  'GET /api/v1/config/schema': 'operator',
  'GET /api/v1/config/history': 'operator',
  'GET /api/v1/config/history/:version': 'operator',
  'POST /api/v1/config/check': 'operator',
  'POST /api/v1/config/apply': 'admin',
  'GET /api/v1/audit': ['auditor', 'admin'],
  'GET /api/v1/audit/export': ['auditor', 'admin'],
  'GET /api/v1/audit/verify': ['auditor', 'admin'],
  'GET /api/v1/ledger': 'viewer',
  'GET /api/v1/sources': 'viewer',
  'GET /api/v1/feeds': 'viewer',
  'POST /api/v1/feeds/:name/pause': 'operator',
  'POST /api/v1/feeds/:name/resume': 'operator',
  'POST /api/v1/feeds/:name/rewind': 'operator',
  // A developer queries a copy of the records of their workloads.
  'POST /api/v1/query': ['viewer', 'developer'],
  'GET /api/v1/query/schema': ['viewer', 'developer'],
  'GET /api/v1/records': ['viewer', 'developer'],
  'GET /api/v1/records/export': ['viewer', 'developer'],
  'GET /api/v1/records/tail': ['viewer', 'developer'],
  'GET /api/v1/records/search': ['auditor', 'developer'],
  // Who erases must know what stands against it, and must not be able to lift it.
  'GET /api/v1/records/holds': ['custodian', 'eraser', 'auditor', 'admin'],
  'POST /api/v1/records/holds': 'custodian',
  'POST /api/v1/records/holds/:id/remove': 'custodian',
  'POST /api/v1/records/erasures/preview': 'eraser',
  'POST /api/v1/records/erasures': 'eraser',
  'GET /api/v1/records/erasures': ['eraser', 'auditor', 'admin'],
  'GET /api/v1/records/erasures/:id': ['eraser', 'auditor', 'admin'],
  'GET /api/v1/records/:id': ['viewer', 'developer'],
  'GET /api/v1/records/:id/cost': ['viewer', 'developer'],
  'GET /api/v1/records/:id/kept': ['viewer', 'developer'],
  'GET /api/v1/records/:id/bodies': ['auditor', 'developer'],
  // It says what the configuration says of callers, addresses and limits: no secret is among it.
  'GET /api/v1/records/:id/explain': ['viewer', 'developer'],
  'POST /api/v1/explain': ['viewer', 'developer'],
  'POST /api/v1/explain/replay': 'operator',
} as const satisfies Record<string, RouteRoles>

/**
 * Roles of which a route requires any, `caller` when a verified token is enough; null for a route that is not in the
 * table.
 * @param path the router's pattern.
 */
export function rolesOfRoute(method: string, path: string): readonly AdminRole[] | 'caller' | null {
  const key = `${method === 'HEAD' ? 'GET' : method} ${path}`
  if (!Object.hasOwn(roleByRoute, key)) return null
  const roles: RouteRoles = roleByRoute[key as keyof typeof roleByRoute]
  if (roles === 'caller') return roles
  return typeof roles === 'string' ? [roles] : roles
}

/** Methods that an address accepts, as `POST`; empty when there is nothing at the address. */
export function methodsAt(path: string): readonly string[] {
  const found = patterns.filter(({ form }) => form.test(path)).map(({ method }) => method)
  return found.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

const patterns = Object.keys(roleByRoute).map(route => {
  const [method = '', pattern = ''] = route.split(' ')
  return { method, form: new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`) }
})

export interface Roles {
  /** The roles of a caller with those that they include, in the order of `adminRoles`; empty for most callers. */
  of(caller: Caller): readonly AdminRole[]
  /** True when only groups that the token leaves out could have given a role. */
  groupsOverage(caller: Caller): boolean
  /** True when a rule names a group. */
  readonly asksForGroups: boolean
  /** Claims that a rule needs and that the token does not have at all. */
  lacking(caller: Caller): readonly ('groups' | 'roles')[]
}

/** What each role brings besides itself. */
const included: Readonly<Record<AdminRole, readonly AdminRole[]>> = {
  viewer: [],
  developer: [],
  auditor: ['viewer'],
  operator: ['viewer'],
  admin: ['operator', 'viewer'],
  custodian: ['viewer'],
  eraser: ['viewer'],
}

/** Prepares the rules once. No caller has a role unless a rule gives it. */
export function prepareRoles(roles: Config['admin']['roles']): Roles {
  const rows = adminRoles.map(role => ({ role, admits: compileRules(roles[role]) }))
  return {
    of(caller) {
      const given = rows.flatMap(({ role, admits }) => (admits(caller) === null ? [] : [role, ...included[role]]))
      return given.length === 0 ? given : adminRoles.filter(role => given.includes(role))
    },
    groupsOverage: caller => rows.some(({ admits }) => admits.groupsOverage(caller)),
    asksForGroups: rows.some(({ admits }) => admits.asksForGroups),
    lacking: caller => [...new Set(rows.flatMap(({ admits }) => admits.lacking(caller)))],
  }
}
