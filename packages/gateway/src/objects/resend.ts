import type { RedisStore } from '../redis/index.ts'

/** Milliseconds between two attempts. */
const retryMs = 500

/**
 * Sends again what Redis could not take. Without it, what is kept between the handlers of `onReturn` and the moment
 * from which Redis counts as up would wait for the next outage, and so would a write that failed alone.
 */
export class Resend {
  readonly #redis: RedisStore
  readonly #isDone: () => boolean
  readonly #send: () => Promise<unknown>
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  /** @param isDone true when nothing waits. @param send sends what waits; may reject. */
  constructor(redis: RedisStore, isDone: () => boolean, send: () => Promise<unknown>) {
    this.#redis = redis
    this.#isDone = isDone
    this.#send = send
  }

  /** To be called after something was kept. */
  later(): void {
    if (this.#timer !== null || this.#isClosed || this.#isDone()) return
    this.#timer = setTimeout(() => void this.#try(), retryMs).unref()
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #try(): Promise<void> {
    if (this.#redis.isUp) await this.#send().catch(() => {})
    this.#timer = null
    this.later()
  }
}
