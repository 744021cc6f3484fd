/** Whether an instance takes the gateway's own credential: what calls found out, told to the operator once per change. */

import type { Log } from '../log.ts'

/** Codes come from answers: a log line holds a short word at most, and nothing of a message, which may quote what was sent. */
const plainCode = /^[A-Za-z0-9_.-]{1,64}$/

/** Of one instance; its lanes share it. */
export class OwnCredential {
  readonly #instance: string
  readonly #log: Log | null
  /** Deployments that are left alone for it; empty stands for calls without one. */
  readonly #refused = new Set<string>()
  /** Calls that were refused since the start. */
  refusals = 0

  readonly #renew: () => void

  /** @param renew asks for another token, where it is one. */
  constructor(instance: string, log: Log | null, renew: () => void) {
    this.#instance = instance
    this.#renew = renew
    this.#log = log
  }

  /** True while it is refused for some deployment. */
  get isRefused(): boolean {
    return this.#refused.size > 0
  }

  /** @param leftAlone the deployment is left alone for it. @param code as the answer says; null when it says none. */
  refused(deployment: string, leftAlone: boolean, status: number, code: string | null): void {
    this.refusals += 1
    if (leftAlone && status === 401) this.#renew()
    if (!leftAlone || this.#refused.has(deployment)) return
    this.#refused.add(deployment)
    this.#log?.error(
      { instance: this.#instance, deployment, status, code: code !== null && plainCode.test(code) ? code : null },
      'credential_refused',
    )
  }

  accepted(deployment: string): void {
    if (this.#refused.delete(deployment)) {
      this.#log?.info({ instance: this.#instance, deployment }, 'credential_accepted')
    }
  }
}
