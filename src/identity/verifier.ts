import type { Clock } from '../clock.ts'
import type { Caller } from './caller.ts'

/** Where the verifier says what an operator should know. A `pino` logger fits. No token is ever in a field or a message. */
export interface IdentityLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

export interface VerifierOptions {
  /** Sign-in service, as `https://login.microsoftonline.com`. Plain http only towards a loopback host. */
  readonly authority: string
  /** Tenant ids whose tokens are accepted. */
  readonly tenants: readonly string[]
  /** Accepted values of claim `aud`; a trailing slash does not matter. */
  readonly audiences: readonly string[]
  /** When not null, only tokens obtained by these client applications (`appid`, `azp`). */
  readonly clients: readonly string[] | null
  /** Tolerance for `exp` and `nbf`, in milliseconds. */
  readonly clockSkewMs: number
  readonly clock: Clock
  readonly log?: IdentityLog
}

export interface Verifier {
  /**
   * The caller of a token that was verified before and has not expired, else null. Synchronous: the way of nearly every request.
   * The same token gives the same object for as long as it is remembered, so that a WeakMap may hang things on it.
   */
  remembered(token: string): Caller | null
  /**
   * Verifies a token, or answers from memory. Equal tokens at the same time are verified once.
   * @throws IdentityError
   */
  verify(token: string): Promise<Caller>
  /** Forgets everything and ends requests for keys. `verify` then throws keys_unavailable. */
  close(): void
}
