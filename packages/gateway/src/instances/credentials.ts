/**
 * Signs the gateway in to an instance. A client's own token is passed on only where the credential is `caller`.
 */
import type { Clock } from '../clock.ts'
import type { InstanceConfig } from '../config/schema/index.ts'
import type { Log } from '../log.ts'
import type { BackendFacts } from '../wire/backends.ts'
import {
  type AppServiceEndpoint,
  IdentityError,
  identityFault,
  readAppService,
  readSdk,
  type TokenReader,
} from './managed-identity.ts'

export interface CredentialHeader {
  /** In lower case: `authorization` or `api-key`. */
  readonly name: string
  readonly value: string
}

export interface InstanceCredential {
  readonly kind: 'caller' | 'managed-identity' | 'key'
  /**
   * The header field to send. Synchronous, except for a managed identity without a valid token.
   * @param callerToken the verified token of the call; only used by kind `caller`.
   * @throws CredentialError, by rejecting.
   */
  header(callerToken: string): CredentialHeader | Promise<CredentialHeader>
  /**
   * The instance has refused the credential: a managed identity's token is replaced in the background, since one may be
   * withdrawn before its end. Does nothing for the other kinds.
   */
  renew(): void
}

/**
 * The gateway has no credential for the instance, which the operator must fix (503). The reason is in `cause`, without
 * any secret.
 */
export class CredentialError extends Error {
  readonly code = 'credential_unavailable'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CredentialError'
  }
}

export interface CredentialParts {
  readonly clock: Clock
  readonly log?: Log
  /**
   * Source of the managed identity's tokens, in the form of App Service and Container Apps. Default: the source that
   * `@azure/identity` finds in the environment of the process. The demonstration sets it because it brings an endpoint
   * of its own: that library uses one source for the whole process and would not see a second one.
   */
  readonly appService?: AppServiceEndpoint
}

/** A token this close to its end is replaced while it is still used. */
export const refreshBeforeMs = 300_000

/** A token is not sent in its last seconds: it could expire on the way. */
export const lastSecondsMs = 10_000

/** Pause after a failed refresh. Until the current token ends, no call is affected. */
export const refreshPauseMs = 5_000

/**
 * @param instance its `credential` and `scope` are read.
 * @param backend the row of its kind.
 */
export function createCredential(
  instance: Pick<InstanceConfig, 'credential' | 'scope'>,
  backend: Pick<BackendFacts, 'keyField'>,
  parts: CredentialParts,
): InstanceCredential {
  const { credential } = instance
  if (credential === 'caller') {
    return { kind: 'caller', header: callerToken => bearer(callerToken), renew: nothing }
  }
  if (typeof credential === 'object' && 'key' in credential) {
    const header: CredentialHeader = Object.freeze(backend.keyField(credential.key))
    return { kind: 'key', header: () => header, renew: nothing }
  }
  return identityCredential(
    credential === 'managed-identity' ? null : credential.managedIdentity,
    instance.scope,
    parts,
  )
}

/** @param clientId of a user-assigned managed identity; null for the system-assigned one. */
export function identityCredential(clientId: string | null, scope: string, parts: CredentialParts): InstanceCredential {
  const { appService } = parts
  const read = appService === undefined ? readSdk(clientId, scope) : readAppService(appService, clientId, scope)
  const current = new IdentityToken(read, parts)
  return { kind: 'managed-identity', header: () => current.header(), renew: () => current.renew() }
}

function nothing(): void {}

interface CurrentToken {
  readonly header: CredentialHeader
  readonly expiresAtMs: number
}

/** A managed identity's token, replaced before it ends. All calls that wait for it share one request. */
class IdentityToken {
  readonly #read: TokenReader
  readonly #clock: Clock
  readonly #log: Log | null
  #current: CurrentToken | null = null
  #refreshing: Promise<CurrentToken> | null = null
  #pauseUntilMs = 0

  constructor(read: TokenReader, parts: CredentialParts) {
    this.#read = read
    this.#clock = parts.clock
    this.#log = parts.log ?? null
  }

  header(): CredentialHeader | Promise<CredentialHeader> {
    const current = this.#current
    const nowMs = this.#clock()
    if (current === null || nowMs >= current.expiresAtMs - lastSecondsMs)
      return this.#refresh().then(fresh => fresh.header)
    if (nowMs >= current.expiresAtMs - refreshBeforeMs && nowMs >= this.#pauseUntilMs && this.#refreshing === null) {
      // The failure is in the log; the current token is used until its end.
      this.#refresh().catch(() => {})
    }
    return current.header
  }

  /** The current token is used until there is another one: other deployments may accept it. */
  renew(): void {
    if (this.#current === null || this.#refreshing !== null || this.#clock() < this.#pauseUntilMs) return
    this.#refresh().catch(() => {})
  }

  #refresh(): Promise<CurrentToken> {
    if (this.#refreshing !== null) return this.#refreshing
    const refreshing = this.#refreshNow().finally(() => {
      this.#refreshing = null
    })
    this.#refreshing = refreshing
    return refreshing
  }

  async #refreshNow(): Promise<CurrentToken> {
    // Set first, because a source may return the same token again: the next request then comes after the pause.
    this.#pauseUntilMs = this.#clock() + refreshPauseMs
    try {
      const { token, expiresAtMs } = await this.#read()
      if (this.#clock() >= expiresAtMs - lastSecondsMs)
        throw new IdentityError('the token that was given has already ended')
      this.#current = { header: bearer(token), expiresAtMs }
      return this.#current
    } catch (error) {
      const validMs = this.#current === null ? 0 : Math.max(0, this.#current.expiresAtMs - this.#clock())
      this.#log?.warn({ reason: withoutSecrets(error), tokenValidForMs: validMs }, 'credential_unavailable')
      throw new CredentialError(
        'The gateway could not get a token of its managed identity. Check that the identity is assigned to where the gateway runs, ' +
          'or configure another credential for the instance.',
        { cause: new IdentityError(identityFault(error)) },
      )
    }
  }
}

function bearer(token: string): CredentialHeader {
  return { name: 'authorization', value: `Bearer ${token}` }
}

/**
 * The reason without the error itself: libraries put answers into messages and causes, and an answer may hold a token.
 */
function withoutSecrets(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown reason'
  return message
    .replace(/[A-Za-z0-9_+/=.-]{40,}/g, '…')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, 300)
}
