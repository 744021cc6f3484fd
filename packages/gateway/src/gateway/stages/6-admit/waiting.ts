import type { WaitBounds } from '../../../limits/index.ts'
import { type Call, ClientLeft, type Timed } from '../../call.ts'
import { Refusal } from '../../refusals.ts'

/**
 * Bounds of a call's wait in line: it ends when the client leaves or the gateway stops. It costs nothing until the line
 * takes its signal, which happens when the call is queued.
 */
export class CallWaiting implements WaitBounds, Timed {
  readonly deadlineAt: number
  readonly #call: Call
  #controller: AbortController | null = null
  #isStopping = false

  /** @param totalMs longest time of an exchange. */
  constructor(call: Call, totalMs: number) {
    this.#call = call
    this.deadlineAt = performance.now() + totalMs
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#begin()
    return this.#controller.signal
  }

  expire(why: 'deadline' | 'shutdown'): void {
    if (why === 'deadline') return
    this.#isStopping = true
    this.#controller?.abort()
  }

  /** Called after the wait. @throws ClientLeft; Refusal shutting_down */
  end(): void {
    if (this.#controller === null) return
    if (this.#call.watch.subject === this) this.#call.watch.subject = null
    if (this.#call.res?.destroyed === true) throw new ClientLeft()
    if (this.#isStopping) throw new Refusal('shutting_down')
  }

  #begin(): AbortController {
    const controller = new AbortController()
    const { res, watch } = this.#call
    res?.once('close', () => controller.abort())
    if (res?.destroyed === true) controller.abort()
    watch.subject = this
    return controller
  }
}
