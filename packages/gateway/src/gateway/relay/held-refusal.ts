/**
 * A held refusal: an answer that may be a refusal, kept back until it is known whether another member can serve. When none can, the client
 * gets exactly this answer.
 */
import type { Instance } from '../../instances/index.ts'
import { retryAfterMs } from '../../instances/retry-after.ts'
import { type AnswerError, errorIn } from '../../wire/answer-error.ts'
import type { AnswerHeaders } from '../observe/facts.ts'

/** Errors are short: what is longer is none that could be replayed, and passes. Bytes. */
const heldBytesMax = 65_536

export class HeldRefusal {
  readonly instance: Instance
  readonly alias: string | null
  readonly status: number
  readonly headers: AnswerHeaders
  readonly sentAtMs: number | null
  readonly firstByteAtMs: number
  readonly chunks: Buffer[] = []
  /** True once it is known that the instance refuses the gateway: no client gets this answer. */
  isOwnTrouble = false
  readonly #retryAfterMs: number
  #bytes = 0

  constructor(
    from: { readonly instance: Instance; readonly alias: string | null; readonly sentAtMs: number | null },
    status: number,
    headers: AnswerHeaders,
    nowMs: number,
  ) {
    this.instance = from.instance
    this.alias = from.alias
    this.sentAtMs = from.sentAtMs
    this.status = status
    this.headers = headers
    this.firstByteAtMs = nowMs
    this.#retryAfterMs = retryAfterMs(headers, nowMs) ?? Number.POSITIVE_INFINITY
  }

  /** @returns false when it has become too long to be held. */
  add(chunk: Buffer): boolean {
    this.chunks.push(chunk)
    this.#bytes += chunk.length
    return this.#bytes <= heldBytesMax
  }

  body(): Buffer {
    return this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks)
  }

  error(): AnswerError {
    return errorIn(this.body())
  }

  /**
   * Which of two refusals helps the client more: one that says when there is room, the sooner the better; then one that may pass by
   * itself; then that the gateway is not let in; then that the deployment is missing.
   */
  isMoreUsefulThan(other: HeldRefusal | null): boolean {
    if (other === null) return true
    if (rank(this) !== rank(other)) return rank(this) < rank(other)
    return this.#retryAfterMs < other.#retryAfterMs
  }
}

function rank({ status, isOwnTrouble }: HeldRefusal): number {
  if (status === 429) return 0
  if (status === 503) return 1
  if (isOwnTrouble) return 2
  return status === 404 ? 3 : 4
}

/** An instance refused the gateway itself. `code` is that of its answer, for the log. */
export class NotLetIn extends Error {
  readonly code: string
  constructor(code: string | null) {
    super('the instance refused the gateway')
    this.name = 'NotLetIn'
    // Codes come from answers: a line of the log holds a short word at most.
    this.code = code !== null && /^[A-Za-z0-9_.-]{1,64}$/.test(code) ? code : 'none'
  }
}

/** The body of a refusal does not come. */
export class HeldTooLong extends Error {
  constructor() {
    super('the body of the refusal did not come')
    this.name = 'HeldTooLong'
  }
}
