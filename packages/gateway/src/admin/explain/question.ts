/** The call of a question, and the caller as answers show it. */
import { type Caller, callerKey, callerWithoutToken } from '../../identity/caller.ts'
import type { ExplainCall } from './index.ts'
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
