/**
 * Sessions of people who use the console with a browser. The browser holds a cookie that means nothing elsewhere; the
 * tokens stay here. `routes.ts` signs people in and out, `sessions.ts` finds the session of a request, `guard.ts`
 * refuses requests that another site made.
 */
import type { Config } from '../../config/schema/index.ts'
import type { RedisStore } from '../../redis/index.ts'

export type SignInConfig = NonNullable<Config['admin']['signIn']>

/** The settings in force. Read at each request, so that a reload takes effect with the next one. */
export interface SessionSettings {
  /** Null where no sign-in is configured. */
  readonly signIn: SignInConfig | null
  readonly publicUrl: string | null
  readonly entra: Config['identity']['entra']
}

export interface ConsoleOptions {
  /** Directory of the built page, with `index.html` and `assets/`. It may come into being later. */
  readonly directory: string
  /** Where tokens are accepted from, and people sign in. Called at each request. */
  readonly entra: () => Config['identity']['entra']
  /** Where the replicas of a gateway keep sessions; null keeps them in the memory of this process. */
  readonly redis: RedisStore | null
}

/**
 * Where sessions are kept, by names that reveal nothing. Only sealed bytes are kept. Every method rejects with
 * AdminError sessions_unavailable where the store does not answer.
 */
export interface SessionStore {
  /**
   * @param bounds `idleMs`: it ends when `touch` was not called for so long. `most`: how many are kept; beyond it, the
   *   one that was touched longest ago ends.
   */
  put(name: string, sealed: Buffer, bounds: { readonly idleMs: number; readonly most: number }): Promise<void>
  /** What was put, and its idle time begins again; null when there is nothing (any more). */
  touch(name: string, idleMs: number): Promise<Buffer | null>
  /** True while there is something; its idle time goes on. */
  has(name: string): Promise<boolean>
  /** Replaces what is there. Nothing happens when there is nothing (any more): a session that has ended stays ended. */
  replace(name: string, sealed: Buffer): Promise<void>
  remove(name: string): Promise<void>
  /** True for the first call with this name within the time. */
  isFirst(name: string, withinMs: number): Promise<boolean>
}
