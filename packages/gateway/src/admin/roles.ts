import type { Config } from '../config/schema.ts'
import type { Caller } from '../identity/caller.ts'
import { compileRules } from '../identity/rules.ts'
import type { AdminRole } from './index.ts'

/**
 * Who may ask for what, by method and route (HEAD counts as GET). A route that is not in this table is answered 404
 * even when a handler stands behind it: nothing is reachable because somebody forgot to protect it. `/healthz` alone
 * needs no token and is not in the table.
 */
export const roleByRoute = {
  // Whoever has a verified token may ask who they are; without this, the refused could not find out why.
  'GET /api/v1/whoami': 'caller',
  'GET /openapi.json': 'viewer',
  'GET /metrics': 'viewer',
  'GET /api/v1/usage': 'viewer',
  'GET /api/v1/instances': 'viewer',
  // It makes the gateway call, though it bills nothing: reading alone must not be enough.
  'POST /api/v1/instances/:name/probe': 'operator',
  'GET /api/v1/limits': 'viewer',
  'GET /api/v1/ledger': 'viewer',
  'GET /api/v1/records': 'viewer',
  'GET /api/v1/records/tail': 'viewer',
  'GET /api/v1/records/:id': 'viewer',
  'GET /api/v1/records/:id/bodies': 'auditor',
} as const satisfies Record<string, AdminRole | 'caller'>

/**
 * The role that a route asks for, `caller` where a verified token is enough; null for a route that is not in the table.
 * `path` is the router's pattern.
 */
export function roleOfRoute(method: string, path: string): AdminRole | 'caller' | null {
  const key = `${method === 'HEAD' ? 'GET' : method} ${path}`
  return Object.hasOwn(roleByRoute, key) ? roleByRoute[key as keyof typeof roleByRoute] : null
}

/** Methods that are taken at an address, as `POST`; none where there is nothing. */
export function methodsAt(path: string): readonly string[] {
  const found = patterns.filter(({ form }) => form.test(path)).map(({ method }) => method)
  return found.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

const patterns = Object.keys(roleByRoute).map(route => {
  const [method = '', pattern = ''] = route.split(' ')
  return { method, form: new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`) }
})

export interface Roles {
  /** The roles of a caller, `auditor` and `operator` always together with `viewer`; none for most callers. */
  of(caller: Caller): readonly AdminRole[]
  /** True when only the groups that the token leaves out could have given a role. */
  groupsOverage(caller: Caller): boolean
  /** True where a rule asks for a group. */
  readonly asksForGroups: boolean
  /** Claims that a rule asks for and that the token does not have at all. */
  lacking(caller: Caller): readonly ('groups' | 'roles')[]
}

/** Prepares the rules once. Nobody has a role unless a rule says so. */
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
