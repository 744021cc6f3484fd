/**
 * Queues questions to the ledger, one reader after the other. A report over a year takes seconds: a reader that
 * requests sixty of them waits, and a reader that requests one gets the next turn.
 */
import { AdminError } from './errors.ts'

export interface QuestionsOptions {
  /** Questions at the ledger at once, at most one per reader. */
  readonly atOnce: number
  /** Questions of one reader, at the ledger and waiting together. */
  readonly perReader: number
  /** Longest wait for a turn, in milliseconds. */
  readonly waitMs: number
}

export const questionsOptions: QuestionsOptions = { atOnce: 2, perReader: 16, waitMs: 20_000 }

interface WaitingQuestion {
  readonly reader: string
  readonly go: (turn: boolean) => void
}

export class Questions {
  readonly #options: QuestionsOptions
  readonly #asking = new Set<string>()
  /** By reader, in the order of their turns; first come, first served for each reader. */
  readonly #waiting = new Map<string, WaitingQuestion[]>()

  constructor(options: QuestionsOptions = questionsOptions) {
    this.#options = options
  }

  /**
   * @param signal aborted when the reader leaves. A question that still waits is then dropped.
   * @throws AdminError questions_exhausted (429), ledger_busy (503)
   */
  async ask<T>(reader: string, signal: AbortSignal, question: () => Promise<T>): Promise<T> {
    const { atOnce, perReader } = this.#options
    const own = (this.#asking.has(reader) ? 1 : 0) + (this.#waiting.get(reader)?.length ?? 0)
    if (own >= perReader) {
      const message = `${perReader} of your questions are already running or waiting. Try again when they are answered.`
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
    const waiting: WaitingQuestion = { reader, go: resolve }
    const leave = (): void => this.#forget(waiting)
    const timer = setTimeout(leave, this.#options.waitMs).unref()
    signal.addEventListener('abort', leave, { once: true })
    const queue = this.#waiting.get(reader)
    if (queue === undefined) this.#waiting.set(reader, [waiting])
    else queue.push(waiting)
    // The reader left before the listener was added: a signal fires only once.
    if (signal.aborted) leave()
    const isOn = await promise
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
    if (isOn) return
    const seconds = this.#options.waitMs / 1_000
    throw new AdminError('ledger_busy', `Other questions kept the ledger busy for ${seconds} seconds. Try again.`)
  }

  #forget(waiting: WaitingQuestion): void {
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
      // Moved to the end of the round.
      this.#waiting.delete(reader)
      if (queue.length > 0) this.#waiting.set(reader, queue)
      if (waiting === undefined) continue
      this.#asking.add(reader)
      waiting.go(true)
    }
  }
}
