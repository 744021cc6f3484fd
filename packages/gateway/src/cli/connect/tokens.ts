/** The Entra token of the relay's calls: one for all, renewed before its end by one request at a time. */
import type { Clock } from '../../clock.ts'
import { parseToken } from '../../identity/token.ts'

/** A token with less life than this is renewed while calls still use it. Milliseconds. */
const renewBeforeMs = 5 * 60_000
/** No call goes out with a token that has less life than this: it could end on its way. Milliseconds. */
const leastLifeMs = 30_000
/** Shortest time between two attempts to renew a token that can still be used. Milliseconds. */
const againAfterMs = 10_000
/** A token that is younger than this and refused is not refused for its age. Milliseconds. */
const youngMs = 30_000

/** The sign-in gave a token that ends too soon to be used. */
export class TokenEndsSoon extends Error {
  override readonly name = 'TokenEndsSoon'
}

export interface TokenSource {
  /**
   * Gets a token. @param renew true: one that was given out before does not do.
   */
  readonly sign: (renew: boolean) => Promise<string>
  readonly clock: Clock
}

interface Held {
  readonly token: string
  readonly expiresAtMs: number
  readonly sinceMs: number
}

export class RelayTokens {
  readonly #source: TokenSource
  #held: Held | null = null
  #renewing: Promise<Held> | null = null
  #failedAtMs = Number.NEGATIVE_INFINITY

  constructor(source: TokenSource) {
    this.#source = source
  }

  /**
   * A token with at least `leastLifeMs` of life.
   * @throws what the sign-in throws, and TokenEndsSoon
   */
  async token(): Promise<string> {
    const now = this.#source.clock()
    const held = this.#held
    const lifeMs = held === null ? 0 : held.expiresAtMs - now
    if (held !== null && lifeMs > renewBeforeMs) return held.token
    if (held !== null && lifeMs > leastLifeMs) {
      // Calls need not wait for it, and its failure is theirs only when the token ends.
      if (now - this.#failedAtMs >= againAfterMs) this.#renew(false).catch(() => {})
      return held.token
    }
    return (await this.#renew(false)).token
  }

  /**
   * After the gateway has refused a token: another one, or null where a new one would be refused as well.
   * @param refused the token of the call.
   * @throws as `token`
   */
  async after(refused: string): Promise<string | null> {
    const held = this.#held
    if (held !== null && held.token !== refused) return held.token
    if (held !== null && this.#source.clock() - held.sinceMs < youngMs) return null
    const { token } = await this.#renew(true)
    return token === refused ? null : token
  }

  #renew(forced: boolean): Promise<Held> {
    this.#renewing ??= this.#sign(forced).finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  async #sign(forced: boolean): Promise<Held> {
    const { sign, clock } = this.#source
    try {
      const token = await sign(forced)
      const now = clock()
      const held = { token, expiresAtMs: expiryOf(token) ?? now + leastLifeMs + 1, sinceMs: now }
      const lifeMs = held.expiresAtMs - now
      if (lifeMs <= leastLifeMs) {
        throw new TokenEndsSoon(`The sign-in gave a token that ends in ${Math.round(lifeMs / 1_000)} s.`)
      }
      // A source that answers with the same token again has none that lives longer.
      if (lifeMs <= renewBeforeMs) this.#failedAtMs = now
      this.#held = held
      return held
    } catch (error) {
      this.#failedAtMs = clock()
      throw error
    }
  }
}

/** Milliseconds since the epoch; null where the token does not say. */
function expiryOf(token: string): number | null {
  const { exp } = parseToken(token).claims
  return typeof exp === 'number' ? exp * 1_000 : null
}
