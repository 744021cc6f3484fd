import type { Config } from '../config/schema/index.ts'
import type { Caller } from '../identity/caller.ts'
import { compileRules } from '../identity/rules.ts'
import type { AdminRole } from './index.ts'

/**
 * Roles that may use each method and route (HEAD counts as GET). A route that is not in this table is answered with 404
 * even when it has a handler: no route is reachable because its protection was forgotten. Only `/healthz` needs no
 * token and is not in the table.
 */
export const roleByRoute = {
  // Any caller with a verified token may read who it is; otherwise a refused caller could not find out why.
  'GET /api/v1/whoami': 'caller',
  'GET /openapi.json': 'viewer',
  'GET /metrics': 'viewer',
  'GET /api/v1/usage': 'viewer',
  'GET /api/v1/series': 'viewer',
  'GET /api/v1/attention': 'viewer',
  'GET /api/v1/instances': 'viewer',
  // It makes the gateway send a call, although it bills nothing: a role that only reads must not be enough.
  'POST /api/v1/instances/:name/probe': 'operator',
  'POST /api/v1/instances/:name/drain': 'operator',
  'POST /api/v1/instances/:name/restore': 'operator',
  'GET /api/v1/limits': 'viewer',
  'GET /api/v1/live': 'viewer',
  'GET /api/v1/log': 'viewer',
  'POST /api/v1/log/level': 'operator',
  'POST /api/v1/log/reset': 'operator',
  'GET /api/v1/ledger': 'viewer',
  'GET /api/v1/sources': 'viewer',
  'GET /api/v1/feeds': 'viewer',
  'POST /api/v1/feeds/:name/pause': 'operator',
  'POST /api/v1/feeds/:name/resume': 'operator',
  'POST /api/v1/feeds/:name/rewind': 'operator',
  'GET /api/v1/records': 'viewer',
  'GET /api/v1/records/tail': 'viewer',
  'GET /api/v1/records/search': 'auditor',
  'GET /api/v1/records/:id': 'viewer',
  'GET /api/v1/records/:id/bodies': 'auditor',
} as const satisfies Record<string, AdminRole | 'caller'>

/**
 * The role that a route requires, `caller` when a verified token is enough; null for a route that is not in the table.
 * @param path the router's pattern.
 */
export function roleOfRoute(method: string, path: string): AdminRole | 'caller' | null {
  const key = `${method === 'HEAD' ? 'GET' : method} ${path}`
  return Object.hasOwn(roleByRoute, key) ? roleByRoute[key as keyof typeof roleByRoute] : null
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
  /** The roles of a caller, `auditor` and `operator` always together with `viewer`; empty for most callers. */
  of(caller: Caller): readonly AdminRole[]
  /** True when only groups that the token leaves out could have given a role. */
  groupsOverage(caller: Caller): boolean
  /** True when a rule names a group. */
  readonly asksForGroups: boolean
  /** Claims that a rule needs and that the token does not have at all. */
  lacking(caller: Caller): readonly ('groups' | 'roles')[]
}

/** Prepares the rules once. No caller has a role unless a rule gives it. */
export function prepareRoles(roles: Config['admin']['roles']): Roles {
  const viewer = compileRules(roles.viewer)
  const above = [
    ['auditor', compileRules(roles.auditor)],
    ['operator', compileRules(roles.operator)],
  ] as const
  const all = [viewer, ...above.map(([, admits]) => admits)]
  return {
    of(caller) {
      const held = above.flatMap(([role, admits]) => (admits(caller) === null ? [] : [role]))
      return held.length > 0 || viewer(caller) !== null ? ['viewer', ...held] : []
    },
    groupsOverage: caller => all.some(admits => admits.groupsOverage(caller)),
    asksForGroups: all.some(admits => admits.asksForGroups),
    lacking: caller => [...new Set(all.flatMap(admits => admits.lacking(caller)))],
  }
}
