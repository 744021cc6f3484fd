/**
 * Questions to the ledger, one reader after the other. A report over a year takes seconds: whoever asks for sixty of
 * them waits for them alone, and whoever asks for one gets it next.
 */
import { AdminError } from './errors.ts'

export interface QuestionsOptions {
  /** Questions at the ledger at once; one of each reader. */
  readonly atOnce: number
  /** Questions of one reader, at the ledger and waiting together. */
  readonly perReader: number
  /** Longest wait for a turn, milliseconds. */
  readonly waitMs: number
}

export const questionsOptions: QuestionsOptions = { atOnce: 2, perReader: 16, waitMs: 20_000 }

interface Waiting {
  readonly reader: string
  readonly go: (turn: boolean) => void
}

export class Questions {
  readonly #options: QuestionsOptions
  readonly #asking = new Set<string>()
  /** By reader, in the order in which their turns come; each reader's first come, first served. */
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(options: QuestionsOptions = questionsOptions) {
    this.#options = options
  }

  /**
   * @param signal Aborted when the reader leaves: a question that waits is then not asked.
   * @throws AdminError questions_exhausted (429), ledger_busy (503)
   */
  async ask<T>(reader: string, signal: AbortSignal, question: () => Promise<T>): Promise<T> {
    const { atOnce, perReader } = this.#options
    const own = (this.#asking.has(reader) ? 1 : 0) + (this.#waiting.get(reader)?.length ?? 0)
    if (own >= perReader) {
      const message = `${perReader} of your questions are under way or wait already. Try again when they are answered.`
      throw new AdminError('questions_exhausted', message)
    }
    if (own > 0 || this.#asking.size >= atOnce) await this.#turn(reader, signal)
    else this.#asking.add(reader)
    try {
      return await question()
    } finally {
      this.#asking.delete(reader)
      this.#next()
    }
  }

  async #turn(reader: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiting: Waiting = { reader, go: resolve }
    const leave = (): void => this.#forget(waiting)
    const timer = setTimeout(leave, this.#options.waitMs).unref()
    signal.addEventListener('abort', leave, { once: true })
    const queue = this.#waiting.get(reader)
    if (queue === undefined) this.#waiting.set(reader, [waiting])
    else queue.push(waiting)
    // It left before: a signal says so once.
    if (signal.aborted) leave()
    const isOn = await promise
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
    if (isOn) return
    const seconds = this.#options.waitMs / 1_000
    throw new AdminError('ledger_busy', `Other questions kept the ledger busy for ${seconds} seconds. Try again.`)
  }

  #forget(waiting: Waiting): void {
    const queue = this.#waiting.get(waiting.reader) ?? []
    const at = queue.indexOf(waiting)
    if (at === -1) return
    queue.splice(at, 1)
    if (queue.length === 0) this.#waiting.delete(waiting.reader)
    waiting.go(false)
  }

  #next(): void {
    for (const [reader, queue] of this.#waiting) {
      if (this.#asking.size >= this.#options.atOnce) return
      if (this.#asking.has(reader)) continue
      const waiting = queue.shift()
      // To the end of the round.
      this.#waiting.delete(reader)
      if (queue.length > 0) this.#waiting.set(reader, queue)
      if (waiting === undefined) continue
      this.#asking.add(reader)
      waiting.go(true)
    }
  }
}
