/** The end of an answer without a reader: the answer to a copy, or to a question of the gateway's own. */
import type { AnswerHead } from '../../backend/answer-head.ts'
import type { Outgoing, OutgoingListener, Sink } from './outgoing.ts'

/** Takes every byte and keeps none. */
export const nowhere: Sink = { write: () => true }

export class Discarded implements Outgoing {
  readonly isClosed = false
  isSent = false
  #head: AnswerHead | null = null
  #listener: OutgoingListener | null = null

  /** Null until the answer has one. */
  get answerHead(): AnswerHead | null {
    return this.#head
  }

  listen(listener: OutgoingListener): void {
    this.#listener = listener
  }

  head(head: AnswerHead): void {
    this.#head = head
  }

  write(): boolean {
    return true
  }

  end(): void {
    this.isSent = true
    this.#listener?.closed()
  }

  breakOff(): void {}
}
