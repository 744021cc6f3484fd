/** How the gateway signs in to an instance. What the client sent travels on only where the credential is `caller`. */
import type { Clock } from '../clock.ts'
import type { InstanceConfig } from '../config/schema.ts'
import type { Log } from '../log.ts'
import type { BackendFacts } from '../wire/backends.ts'
import { type AppServiceEndpoint, readAppService, readSdk, type TokenReader } from './managed-identity.ts'

export interface CredentialHeader {
  /** In lower case: `authorization` or `api-key`. */
  readonly name: string
  readonly value: string
}

export interface InstanceCredential {
  readonly kind: 'caller' | 'managed-identity' | 'key'
  /**
   * The header to send. Synchronous, but for a managed identity without a valid token in hand.
   * @param callerToken the verified token of the call; used by kind `caller` alone.
   * @throws CredentialError, by rejecting.
   */
  header(callerToken: string): CredentialHeader | Promise<CredentialHeader>
  /** The instance has refused it: a token that was withdrawn before its end is replaced, in the background. Nothing for the other kinds. */
  renew(): void
}

/** The gateway has no credential to offer to the instance: ours to mend (503). The reason is in `cause`, without any secret. */
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
   * Where the managed identity's tokens come from, in the shape of App Service and Container Apps. Default: whatever
   * `@azure/identity` finds in the environment of the process. Given by the demonstration, which brings an endpoint of its own:
   * that library settles on one source for the whole process and would not see a second.
   */
  readonly appService?: AppServiceEndpoint
}

/** A token this close to its end is replaced while it still serves. */
export const refreshBeforeMs = 300_000

/** A token is not sent in its last seconds: it would end on its way. */
export const lastSecondsMs = 10_000

/** After a failed refresh the next one waits this long; until the token in hand ends, nobody notices. */
export const refreshPauseMs = 5_000

/**
 * @param instance its `credential` and `scope` are read.
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
  const held = new HeldToken(read, parts)
  return { kind: 'managed-identity', header: () => held.header(), renew: () => held.renew() }
}

function nothing(): void {}

interface Held {
  readonly header: CredentialHeader
  readonly expiresAtMs: number
}

/** A managed identity's token, replaced before it ends. All who wait share one request. */
class HeldToken {
  readonly #read: TokenReader
  readonly #clock: Clock
  readonly #log: Log | null
  #held: Held | null = null
  #refreshing: Promise<Held> | null = null
  #pauseUntilMs = 0

  constructor(read: TokenReader, parts: CredentialParts) {
    this.#read = read
    this.#clock = parts.clock
    this.#log = parts.log ?? null
  }

  header(): CredentialHeader | Promise<CredentialHeader> {
    const held = this.#held
    const nowMs = this.#clock()
    if (held === null || nowMs >= held.expiresAtMs - lastSecondsMs) return this.#refresh().then(fresh => fresh.header)
    if (nowMs >= held.expiresAtMs - refreshBeforeMs && nowMs >= this.#pauseUntilMs && this.#refreshing === null) {
      // The failure is in the log; the token in hand serves on.
      this.#refresh().catch(() => {})
    }
    return held.header
  }

  /** The token in hand serves on until there is another: it may be fine for other deployments. */
  renew(): void {
    if (this.#held === null || this.#refreshing !== null || this.#clock() < this.#pauseUntilMs) return
    this.#refresh().catch(() => {})
  }

  #refresh(): Promise<Held> {
    if (this.#refreshing !== null) return this.#refreshing
    const refreshing = this.#refreshNow().finally(() => {
      this.#refreshing = null
    })
    this.#refreshing = refreshing
    return refreshing
  }

  async #refreshNow(): Promise<Held> {
    // Set first, for a source that answers with the token it gave before: it is then asked again after the pause.
    this.#pauseUntilMs = this.#clock() + refreshPauseMs
    try {
      const { token, expiresAtMs } = await this.#read()
      if (this.#clock() >= expiresAtMs - lastSecondsMs) throw new Error('the token that was given has already ended')
      this.#held = { header: bearer(token), expiresAtMs }
      return this.#held
    } catch (error) {
      const reason = withoutSecrets(error)
      const validMs = this.#held === null ? 0 : Math.max(0, this.#held.expiresAtMs - this.#clock())
      this.#log?.warn({ reason, tokenValidForMs: validMs }, 'no token of the managed identity')
      throw new CredentialError(
        'The gateway could not get a token of its managed identity. Check that the identity is assigned to where the gateway runs, ' +
          'or configure another credential for the instance.',
        { cause: new Error(reason) },
      )
    }
  }
}

function bearer(token: string): CredentialHeader {
  return { name: 'authorization', value: `Bearer ${token}` }
}

/** What failed, without the error itself: libraries put answers into messages and causes, and an answer may hold a token. */
function withoutSecrets(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown reason'
  return message
    .replace(/[A-Za-z0-9_+/=.-]{40,}/g, '…')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, 300)
}
