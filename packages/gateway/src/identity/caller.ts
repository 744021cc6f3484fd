/**
 * The caller, as a verified token describes it. Claims: Microsoft Entra "access token claims reference". Everything but
 * `displayName` may decide what a caller may do; names can be changed in Entra and are only for display.
 */
export interface Caller {
  readonly kind: 'user' | 'application'
  /** Claim `tid`, a GUID in lower case. */
  readonly tenantId: string
  /** Claim `oid`: the immutable id of the user or of the application's service principal. */
  readonly objectId: string
  /** Claim `appid` (v1) or `azp` (v2): the client application. For a user, the program that the user signed in with. */
  readonly appId: string | null
  /**
   * `preferred_username`, `upn`, `unique_name`, `name`, or `app_displayname`. Only for display, never for a decision.
   */
  readonly displayName: string | null
  /** Claim `groups`: object ids. Empty when the token carries none. */
  readonly groups: readonly string[]
  /** False when the token has no claim `groups` at all: its groups are then unknown. */
  readonly listsGroups: boolean
  /** True when the token says that there are more groups than it lists (`_claim_names.groups` or `hasgroups`). */
  readonly groupsOverage: boolean
  /** Claim `roles`: app roles. Empty also when the token has no such claim. */
  readonly roles: readonly string[]
  /** Claim `scp`, split at spaces: delegated permissions. */
  readonly scopes: readonly string[]
  /** Claim `xms_mirid`: the ARM id of the managed identity, in lower case. */
  readonly managedIdentityId: string | null
  readonly audience: string
  readonly tokenVersion: '1.0' | '2.0'
  /** Claim `exp`, in milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** The part of a caller that is kept after its call has ended: enough for limits, records and reports. */
export type CallerIdentity = Pick<Caller, 'kind' | 'tenantId' | 'objectId' | 'appId' | 'displayName'>

/** A caller without a token at hand. Never for a decision: it has no groups, roles or scopes. */
export function callerWithoutToken({ kind, tenantId, objectId, appId, displayName }: CallerIdentity): Caller {
  return {
    kind,
    tenantId,
    objectId,
    appId,
    displayName,
    groups: [],
    listsGroups: true,
    groupsOverage: false,
    roles: [],
    scopes: [],
    managedIdentityId: null,
    audience: '',
    tokenVersion: '2.0',
    expiresAtMs: 0,
  }
}

/** The immutable key of a caller: `user:{tid}/{oid}` or `app:{tid}/{appid}`. */
export function callerKey(caller: Pick<Caller, 'kind' | 'tenantId' | 'objectId' | 'appId'>): string {
  return caller.kind === 'user'
    ? `user:${caller.tenantId}/${caller.objectId}`
    : `app:${caller.tenantId}/${caller.appId ?? caller.objectId}`
}
