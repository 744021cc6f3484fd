import type { Config } from '../config/schema.ts'
import type { Caller } from '../identity/caller.ts'
import { compileRules } from '../identity/rules.ts'
import type { AdminRole } from './options.ts'

/**
 * Who may ask for what, by route. A route that is not in this table is answered 404 even when a handler stands behind it:
 * nothing is reachable because somebody forgot to protect it. `/healthz` alone needs no token and is not in the table.
 */
export const roleByRoute = {
  // Whoever has a verified token may ask who they are; without this, the refused could not find out why.
  '/api/v1/whoami': 'caller',
  '/openapi.json': 'viewer',
  '/api/v1/usage': 'viewer',
  '/api/v1/instances': 'viewer',
  '/api/v1/ledger': 'viewer',
  '/api/v1/records': 'viewer',
  '/api/v1/records/tail': 'viewer',
  '/api/v1/records/:id': 'viewer',
  '/api/v1/records/:id/bodies': 'auditor',
} as const satisfies Record<string, AdminRole | 'caller'>

/** The role that a route asks for, `caller` where a verified token is enough; null for a route that is not in the table. `path` is the router's pattern. */
export function roleOfRoute(path: string): AdminRole | 'caller' | null {
  return Object.hasOwn(roleByRoute, path) ? roleByRoute[path as keyof typeof roleByRoute] : null
}

export interface Roles {
  /** The roles of a caller, `auditor` always together with `viewer`; none for most callers. */
  of(caller: Caller): readonly AdminRole[]
  /** True when only the groups that the token leaves out could have given a role. */
  groupsOverage(caller: Caller): boolean
}

/** Prepares the rules once. Nobody has a role unless a rule says so. */
export function prepareRoles(roles: Config['admin']['roles']): Roles {
  const viewer = compileRules(roles.viewer)
  const auditor = compileRules(roles.auditor)
  return {
    of(caller) {
      if (auditor(caller) !== null) return ['viewer', 'auditor']
      return viewer(caller) !== null ? ['viewer'] : []
    },
    groupsOverage: caller => auditor.groupsOverage(caller) || viewer.groupsOverage(caller),
  }
}
