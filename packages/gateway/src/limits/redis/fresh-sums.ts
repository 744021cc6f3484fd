import type { CounterBook } from '../counting/counter-book.ts'
import type { Counter } from '../counting/counters.ts'
import { ask, type ReadParts, readMax } from './read.ts'
import { noteSum } from './replies.ts'

/** A sum that is older is asked for. In ms. */
const freshMs = 250
/** Counters that are looked at in one step, so that a step is short however many there are. */
const looksMax = 1_000

/**
 * Keeps the sums over all replicas new in a process that has few calls. In an outage its shares begin with them: with
 * old ones the replicas together would admit what others have used since.
 */
export class FreshSums {
  readonly #book: CounterBook
  #rest: Iterator<Counter>

  constructor(book: CounterBook) {
    this.#book = book
    this.#rest = book.values()[Symbol.iterator]()
  }

  /** Asks for up to 100 sums, in the next step for the next ones. @throws RedisDown */
  async step(parts: ReadParts): Promise<void> {
    const some = this.#next(parts.nowMs)
    if (some.length === 0) return
    const reply = await ask(some, parts)
    for (const [index, counter] of some.entries()) {
      const [sum = 0, , reset = 0] = reply.slice(1 + index * 3, 4 + index * 3)
      noteSum(counter, sum, reply[0] ?? 0, reset)
    }
  }

  #next(nowMs: number): readonly Counter[] {
    const some: Counter[] = []
    for (let looks = 0; looks < looksMax && some.length < readMax; looks += 1) {
      const { done, value } = this.#rest.next()
      if (done === true) {
        this.#rest = this.#book.values()[Symbol.iterator]()
        if (looks > 0) break
      } else if (value.lastReported === null || nowMs - value.lastReported.atMs >= freshMs) some.push(value)
    }
    return some
  }
}
