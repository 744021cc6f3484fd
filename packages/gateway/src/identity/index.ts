/**
 * Who calls. `readToken` finds the token in a request, a `Verifier` (`verifier.ts`) proves it, a `GroupDirectory`
 * (`groups.ts`) adds the groups that the token does not list, and `compileRules` decides whether rules of the
 * configuration admit the caller. Signing people in is in `signin/`.
 */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Caller } from './caller.ts'

export { readToken } from './bearer.ts'
export { type Caller, callerKey, callerWithoutToken } from './caller.ts'
export { GroupsUnavailable, IdentityError, type IdentityErrorCode } from './errors.ts'
export { comparedTexts, compileRules, lackingText, type RuleMatch, type RuleMatcher } from './rules.ts'

export interface VerifierOptions {
  /** Sign-in service, as `https://login.microsoftonline.com`. Plain http only to a loopback host. */
  readonly authority: string
  /** Tenant ids whose tokens are accepted. */
  readonly tenants: readonly string[]
  /** Accepted values of claim `aud`; a trailing slash does not matter. */
  readonly audiences: readonly string[]
  /** When not null, only tokens obtained by these client applications (`appid`, `azp`) are accepted. */
  readonly clients: readonly string[] | null
  /** Tolerance for `exp` and `nbf`, in milliseconds. */
  readonly clockSkewMs: number
  readonly clock: Clock
  readonly log?: Log
}

export interface Verifier {
  /**
   * The caller of a token that was verified before, has not expired, and whose key is still published; else null.
   * Synchronous, and used for nearly every request. The same token gives the same object while it is remembered, so a
   * WeakMap may hang values on it.
   *
   * @param connection on which the token came. Its last token is recognised by comparing the whole text, without a
   *   digest: a comparison takes 0.1 µs, a digest 2 µs, and a connection nearly always has one caller. Nothing is kept
   *   of a connection beyond its own life and the verifier's.
   */
  remembered(token: string, connection?: object): Caller | null
  /**
   * Verifies a token, or answers from memory. Equal tokens at the same time are verified once.
   * @throws IdentityError
   */
  verify(token: string): Promise<Caller>
  /** Forgets everything and ends requests for keys. `verify` then rejects with keys_unavailable. */
  close(): void
}

export interface GroupDirectory {
  /**
   * The caller with all of its groups. Synchronous for a caller whose groups are remembered; the same token then gives
   * the same object.
   * @throws GroupsUnavailable, also as a rejection
   */
  complete(caller: Caller): Caller | Promise<Caller>
  /** Requests to Graph since the start, and how many of them failed. */
  readonly requests: number
  readonly failures: number
  close(): void
}
