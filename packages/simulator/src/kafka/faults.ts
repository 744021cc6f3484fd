/** What the broker does wrong when it is asked to. */

/**
 * `not_leader`: writing is refused, as while a partition changes its leader. `drop`: the connection ends before the
 * batch is written. `drop_answer`: it ends after the batch is written, so the producer sends it again. `too_large`: the
 * batch is refused with MESSAGE_TOO_LARGE. `throttle`: the answer is late by `ms`, and says so.
 */
export type KafkaFault =
  | { readonly kind: 'not_leader' | 'drop' | 'drop_answer' | 'too_large'; readonly times: number }
  | { readonly kind: 'throttle'; readonly times: number; readonly ms: number }

/** Faults of requests that write, each for so many of them, in the order in which they were set. */
export class KafkaFaults {
  #waiting: { readonly fault: KafkaFault; left: number }[] = []

  set(fault: KafkaFault): void {
    this.#waiting.push({ fault, left: fault.times })
  }

  clear(): void {
    this.#waiting = []
  }

  /** The fault of the request that comes now; null for none. */
  next(): KafkaFault | null {
    const [first] = this.#waiting
    if (first === undefined) return null
    first.left -= 1
    if (first.left <= 0) this.#waiting.shift()
    return first.fault
  }
}
