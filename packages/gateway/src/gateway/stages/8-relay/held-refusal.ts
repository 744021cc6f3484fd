/**
 * An answer that may be a refusal. It is buffered until it is known whether another member can serve the call. When
 * none can, the client gets exactly this answer.
 */

import { type AnswerError, errorIn, loggedCode } from '../../../wire/answer-error.ts'
import { retryAfterMs } from '../../../wire/retry-after.ts'
import type { AnswerHead } from '../../backend/answer-head.ts'

/** Errors are short. What is longer cannot be a refusal that would be replayed, so it is sent on. Bytes. */
const heldBytesMax = 65_536
/** A refusal whose body does not come within this time is judged by its head. Milliseconds. */
const heldMs = 2_000

export class HeldRefusal {
  readonly head: AnswerHead
  readonly chunks: Buffer[] = []
  /** True once it is known that the instance refuses the gateway itself: no client gets this answer. */
  isOwnTrouble = false
  readonly #retryAfterMs: number
  #bytes = 0
  /** By `performance.now()`; 0 before the first look. */
  #seenAt = 0
  #error: AnswerError | null = null

  constructor(head: AnswerHead, nowMs: number) {
    this.head = head
    this.#retryAfterMs = retryAfterMs(head.headers, nowMs) ?? Number.POSITIVE_INFINITY
  }

  /** @returns false when it has become too long to be held. */
  add(chunk: Buffer): boolean {
    this.chunks.push(chunk)
    this.#bytes += chunk.length
    return this.#bytes <= heldBytesMax
  }

  /** @param now by `performance.now()`. @returns true when the body has been awaited for too long. */
  isOverdue(now: number): boolean {
    if (this.#seenAt === 0) this.#seenAt = now
    return now - this.#seenAt >= heldMs
  }

  body(): Buffer {
    return this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks)
  }

  /** The error in the whole body. Parsed once. */
  get error(): AnswerError {
    this.#error ??= errorIn(this.body())
    return this.#error
  }

  /**
   * Compares two refusals by how much they help the client: best is one that says when there is room, the sooner the
   * better; then one that may pass by itself; then one that refuses the gateway; then one that lacks the deployment.
   */
  isMoreUsefulThan(other: HeldRefusal | null): boolean {
    if (other === null) return true
    if (rank(this) !== rank(other)) return rank(this) < rank(other)
    return this.#retryAfterMs < other.#retryAfterMs
  }
}

function rank({ head, isOwnTrouble }: HeldRefusal): number {
  if (isOwnTrouble) return 2
  if (head.status === 429) return 0
  if (head.status === 503) return 1
  return head.status === 404 ? 3 : 4
}

/** An instance refused the gateway itself. `code` is that of its answer, for the log. */
export class NotLetIn extends Error {
  readonly code: string
  constructor(code: string | null) {
    super('the instance refused the gateway')
    this.name = 'NotLetIn'
    this.code = loggedCode(code) ?? 'none'
  }
}

/** The body of a refusal does not come, or does not end. */
export class HeldTooLong extends Error {
  constructor() {
    super('the body of the refusal did not come')
    this.name = 'HeldTooLong'
  }
}
