/** Who asked the management API lately, so that a list of callers can say which roles they hold. */
import { type Caller, callerKey, callerWithoutToken } from '../identity/caller.ts'
import type { AdminRole } from './index.ts'
import type { Roles } from './roles.ts'

/** Callers that are remembered; the one that asked longest ago is forgotten first. */
const callersMax = 2_000

export class SeenCallers {
  readonly #roles: () => Roles
  readonly #callers = new Map<string, Caller>()

  /** @param roles those in force. */
  constructor(roles: () => Roles) {
    this.#roles = roles
  }

  /** Remembers what a verified token said of a caller, groups included. */
  see(caller: Caller): void {
    const key = callerKey(caller)
    this.#callers.delete(key)
    this.#callers.set(key, caller)
    const [oldest] = this.#callers.keys()
    if (this.#callers.size > callersMax && oldest !== undefined) this.#callers.delete(oldest)
  }

  /**
   * Roles of a caller by the rules in force; null where they are not known, because no request of it was seen and no
   * rule names it.
   */
  rolesOf(key: string): AdminRole[] | null {
    const seen = this.#callers.get(key)
    if (seen !== undefined) return [...this.#roles().of(seen)]
    const named = identityOf(key)
    const roles = named === null ? [] : this.#roles().of(named)
    return roles.length === 0 ? null : [...roles]
  }
}

/** What a key alone says of a caller: enough for rules that name it, or its tenant. */
function identityOf(key: string): Caller | null {
  const [, kind, tenantId, id] = /^(user|app):([^/]+)\/(.+)$/.exec(key) ?? []
  if (tenantId === undefined || id === undefined) return null
  return kind === 'user'
    ? callerWithoutToken({ kind: 'user', tenantId, objectId: id, appId: null, displayName: null })
    : callerWithoutToken({ kind: 'application', tenantId, objectId: '', appId: id, displayName: null })
}
