/**
 * Tracks whether an instance accepts the gateway's own credential. Calls report it, and the log gets one line per
 * change.
 */

import type { Log } from '../log.ts'
import { loggedCode } from '../wire/answer-error.ts'

/** The state for one instance, shared by its lanes. */
export class OwnCredential {
  readonly #instance: string
  readonly #log: Log | null
  /** Deployments that are paused because of it; the empty name means calls without one. */
  readonly #refused = new Set<string>()
  /** Number of refused calls since the start. */
  refusals = 0

  readonly #renew: () => void

  /** @param renew requests another token, where the credential is one. */
  constructor(instance: string, log: Log | null, renew: () => void) {
    this.#instance = instance
    this.#renew = renew
    this.#log = log
  }

  /** True while it is refused for at least one deployment. */
  get isRefused(): boolean {
    return this.#refused.size > 0
  }

  /**
   * @param isPaused the deployment is paused because of it.
   * @param code the error code of the answer; null when it has none.
   */
  refused(deployment: string, isPaused: boolean, status: number, code: string | null): void {
    this.refusals += 1
    if (isPaused && status === 401) this.#renew()
    if (!isPaused || this.#refused.has(deployment)) return
    this.#refused.add(deployment)
    this.#log?.error({ instance: this.#instance, deployment, status, code: loggedCode(code) }, 'credential_refused')
  }

  accepted(deployment: string): void {
    if (this.#refused.delete(deployment)) {
      this.#log?.info({ instance: this.#instance, deployment }, 'credential_accepted')
    }
  }
}
