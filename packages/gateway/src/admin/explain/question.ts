/** The call of a question: from what was asked, or from a record. */
import type { Config } from '../../config/schema/index.ts'
import { type Caller, callerKey, callerWithoutToken } from '../../identity/caller.ts'
import type { RecordRow } from '../../ledger/record.ts'
import type { CallExplainer, ExplainCall } from './index.ts'
import type { ExplainAsked } from './schemas.ts'

const nobody = '00000000-0000-0000-0000-000000000000'

/** @param self the caller of the request. */
export function callOf({ method, url, headers, caller, model, body }: ExplainAsked, self: Caller): ExplainCall {
  const named = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return {
    method,
    // A whole URL is what people copy; its host decides nothing.
    url: url.replace(/^https?:\/\/[^/?#]*/i, '') || '/',
    headers: Object.fromEntries(named) as Readonly<Record<string, string>>,
    caller: caller === 'self' ? self : caller === null ? null : callerAsked(caller),
    model: model ?? null,
    body: body === undefined ? null : Buffer.from(body),
    toolDeployments: [],
  }
}

function callerAsked(asked: Exclude<ExplainAsked['caller'], 'self' | null>): Caller {
  const [, kind = '', tenantId = '', id = ''] = /^(user|app):([^/]+)\/(.+)$/.exec(asked.key.toLowerCase()) ?? []
  const isUser = kind === 'user'
  return {
    ...callerWithoutToken({
      kind: isUser ? 'user' : 'application',
      tenantId,
      objectId: isUser ? id : nobody,
      appId: isUser ? (asked.appId ?? null) : id,
      displayName: asked.name ?? null,
    }),
    groups: asked.groups,
    listsGroups: asked.groups.length > 0,
    roles: asked.roles,
    scopes: asked.scopes,
    managedIdentityId: asked.managedIdentityId?.toLowerCase() ?? null,
    audience: asked.audience ?? '',
    groupsOverage: asked.groupsOverage,
  }
}

/** Codes of refusals before a workload is found, or because the caller is not bound to it. */
const unboundCodes: ReadonlySet<string | null> = new Set([
  'caller_not_bound',
  'caller_unbound',
  'caller_groups_overage',
  'workload_missing',
  'workload_unknown',
])

/**
 * The call of a record, as far as the record holds it.
 * @returns `assumed`: what it does not hold, in sentences.
 */
export function callOfRecord(
  row: RecordRow,
  {
    workloads,
    calls,
  }: { readonly workloads: Config['workloads']; readonly calls: Pick<CallExplainer, 'workloadNamed'> },
): { readonly call: ExplainCall; readonly assumed: readonly string[] } {
  const caller = callerOfRecord(row)
  const bound = caller !== null && !unboundCodes.has(row.outcomeCode) && row.workload !== null
  const rules = bound ? (workloads[row.workload ?? '']?.callers ?? []) : []
  const claims = claimsNamed(rules)
  const version = row.apiVersion === null ? '' : `?api-version=${encodeURIComponent(row.apiVersion)}`
  const url = `${row.path}${version}`
  const isNamed = calls.workloadNamed({ method: row.method, url, headers: {} }) !== null
  return {
    call: {
      method: row.method,
      url,
      headers: isNamed || row.workload === null ? {} : { 'x-gatehouse-workload': row.workload },
      caller: caller === null ? null : { ...caller, ...claims },
      model: row.requestedModel,
      body: null,
      toolDeployments: row.toolDeployments,
    },
    assumed: assumptions(row, { caller, claims }),
  }
}

function callerOfRecord(row: RecordRow): Caller | null {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId: objectId } = row
  if (kind === null || tenantId === null || objectId === null) return null
  return callerWithoutToken({ kind, tenantId, objectId, appId: row.callerAppId, displayName: row.callerName })
}

type Claims = Pick<Caller, 'groups' | 'listsGroups' | 'roles' | 'scopes' | 'managedIdentityId'>

function claimsNamed(rules: Config['workloads'][string]['callers']): Claims {
  const groups = rules.flatMap(rule => ('group' in rule ? [rule.group] : []))
  return {
    groups,
    listsGroups: groups.length > 0,
    roles: rules.flatMap(rule => ('role' in rule ? [rule.role] : [])),
    scopes: rules.flatMap(rule => ('scope' in rule ? [rule.scope] : [])),
    managedIdentityId: rules.flatMap(rule => ('managedIdentity' in rule ? [rule.managedIdentity] : []))[0] ?? null,
  }
}

function assumptions(
  row: RecordRow,
  { caller, claims }: { readonly caller: Caller | null; readonly claims: Claims },
): readonly string[] {
  const taken = [
    ...claims.groups,
    ...claims.roles,
    ...claims.scopes,
    ...(claims.managedIdentityId === null ? [] : ['']),
  ]
  return [
    caller === null
      ? 'The record has no caller: the call was refused before its token was accepted, and tokens are never kept.'
      : taken.length === 0
        ? 'A record holds no groups and no roles of its caller: the caller is taken to have none.'
        : `A record holds no groups and no roles. The call was let through as ${row.workload}, so the caller is taken to have those that the rules of ${row.workload} name.`,
    'The configuration is the one in force now. Limits and instances are named, not looked at: how full they were then is not kept.',
    row.requestBytes > 0
      ? 'The body is not read: what only it decides, such as its tools, is not explained.'
      : 'The query is not kept, apart from the api-version.',
  ]
}

/** The caller as answers show it. */
export function shownCaller(caller: Caller | null) {
  if (caller === null) return null
  const { displayName, groups, roles, scopes, managedIdentityId } = caller
  return {
    key: callerKey(caller),
    name: displayName,
    groups: [...groups],
    roles: [...roles],
    scopes: [...scopes],
    managedIdentityId,
  }
}
