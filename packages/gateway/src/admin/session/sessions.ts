/** Sessions: begun by a sign-in, found by a cookie, renewed in silence, ended by sign-out or time. */
import { z } from '@hono/zod-openapi'
import type { Clock } from '../../clock.ts'
import { refreshBeforeMs, type SignedIn, SignInError } from '../../identity/signin/index.ts'
import { AdminError } from '../errors.ts'
import type { SessionSettings, SessionStore, SignInConfig } from './index.ts'
import { nameOf, newSecret, opened, sealed } from './secrets.ts'
import type { SignInService } from './sign-in-service.ts'

/** What the store keeps, sealed. */
const contentSchema = z.strictObject({
  accessToken: z.string(),
  accessExpiresAtMs: z.number(),
  refreshToken: z.string().nullable(),
  beganAtMs: z.number(),
})
type Content = z.infer<typeof contentSchema>

export interface FoundSession {
  /** For the verifier, like the token of any other request. */
  readonly accessToken: string
  /** When the person must sign in again, in ms since the epoch. It ends sooner when the console asks nothing. */
  readonly expiresAtMs: number
}

export class Sessions {
  readonly #settings: () => SessionSettings
  readonly #store: SessionStore
  readonly #service: SignInService
  readonly #clock: Clock
  /** Renewals under way, by the session's name: tabs that ask at once share one. */
  readonly #renewals = new Map<string, Promise<Content>>()

  constructor(parts: {
    readonly settings: () => SessionSettings
    readonly store: SessionStore
    readonly service: SignInService
    readonly clock: Clock
  }) {
    this.#settings = parts.settings
    this.#store = parts.store
    this.#service = parts.service
    this.#clock = parts.clock
  }

  /** @returns the value of the session's cookie: always a new one, whatever the browser sent. */
  async begin({ accessToken, expiresAtMs, refreshToken }: SignedIn): Promise<string> {
    const { idleTimeout, sessionsMax } = this.#signIn()
    const secret = newSecret()
    const content: Content = { accessToken, accessExpiresAtMs: expiresAtMs, refreshToken, beganAtMs: this.#clock() }
    const bounds = { idleMs: idleTimeout, most: sessionsMax }
    await this.#store.put(nameOf(secret), sealed(secret, content), bounds)
    return secret
  }

  /**
   * @param secret the value of the session's cookie.
   * @throws AdminError session_expired; SignInError when the token must be renewed and the service does not answer.
   */
  async find(secret: string): Promise<FoundSession> {
    const { lifetime, idleTimeout } = this.#signIn()
    const name = nameOf(secret)
    const bytes = await this.#store.touch(name, idleTimeout)
    const found = contentSchema.safeParse(bytes === null ? null : opened(secret, bytes))
    if (!found.success) throw expired('It was ended, or nothing was asked for too long.')
    const kept = found.data
    const endsAtMs = kept.beganAtMs + lifetime
    if (endsAtMs <= this.#clock()) {
      await this.#store.remove(name)
      throw expired(`It ends ${Math.round(lifetime / 60_000)} minutes after the sign-in.`)
    }
    const current = await this.#current(secret, name, kept)
    const lasts = current.refreshToken === null ? Math.min(endsAtMs, current.accessExpiresAtMs) : endsAtMs
    return { accessToken: current.accessToken, expiresAtMs: lasts }
  }

  /** True until it is ended or was idle for too long. Looking at it does not make it last. */
  isOpen(secret: string): Promise<boolean> {
    return this.#store.has(nameOf(secret))
  }

  /** Ends it in every tab and on every replica. */
  async end(secret: string): Promise<void> {
    await this.#store.remove(nameOf(secret))
  }

  #signIn(): SignInConfig {
    const { signIn } = this.#settings()
    if (signIn === null) throw expired('The console no longer signs people in.')
    return signIn
  }

  /** The session with a token that does not expire in the next minutes, where that can be had. */
  async #current(secret: string, name: string, kept: Content): Promise<Content> {
    const nowMs = this.#clock()
    const isValid = kept.accessExpiresAtMs > nowMs
    if (isValid && (kept.refreshToken === null || kept.accessExpiresAtMs - nowMs > refreshBeforeMs)) return kept
    if (kept.refreshToken === null) {
      await this.#store.remove(name)
      throw expired('Its token has expired, and the sign-in service gave none to renew it with.')
    }
    try {
      return await this.#renewed(secret, name, kept, kept.refreshToken)
    } catch (error) {
      if (!(error instanceof SignInError)) throw error
      if (error.code === 'not_signed_in') {
        await this.#store.remove(name)
        throw expired('The sign-in service no longer accepts it.', error)
      }
      // The service is away and the token is still good: use it to its end.
      if (isValid) return kept
      throw error
    }
  }

  #renewed(secret: string, name: string, kept: Content, refreshToken: string): Promise<Content> {
    const underWay = this.#renewals.get(name)
    if (underWay !== undefined) return underWay
    const renewal = this.#renew(secret, name, kept, refreshToken).finally(() => this.#renewals.delete(name))
    this.#renewals.set(name, renewal)
    return renewal
  }

  async #renew(secret: string, name: string, kept: Content, refreshToken: string): Promise<Content> {
    const fresh = await this.#service.refresh(refreshToken)
    const content: Content = {
      ...kept,
      accessToken: fresh.accessToken,
      accessExpiresAtMs: fresh.expiresAtMs,
      refreshToken: fresh.refreshToken ?? refreshToken,
    }
    await this.#store.replace(name, sealed(secret, content))
    return content
  }
}

export function expired(why: string, cause?: unknown): AdminError {
  return new AdminError('session_expired', `Your session has ended. ${why} Sign in again.`, { cause })
}
