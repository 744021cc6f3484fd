/**
 * The port between the relay and the reader of an answer. `client.ts` implements it for an HTTP client, `discarded.ts`
 * for calls without a reader. A cache or a WebSocket would be further implementations.
 */
import type { AnswerHead } from '../../backend/answer-head.ts'
import type { BackendFailure } from '../../backend/failures.ts'

/** The part of the port that is called for every chunk. */
export interface Sink {
  /** @returns false when the source must pause until `drained` is reported. */
  write(bytes: Buffer): boolean
}

export interface Outgoing extends Sink {
  /** Called once, before anything else. */
  listen(listener: OutgoingListener): void
  /** True once nothing that is sent can reach the reader any more. */
  readonly isClosed: boolean
  /** True once the whole answer is with the kernel. */
  readonly isSent: boolean
  /** @param changesBody the body will not have the announced length. */
  head(head: AnswerHead, changesBody: boolean): void
  /** Ends the answer. `closed` is reported once its last byte is with the kernel. */
  end(rest: Buffer): void
  /** Ends an answer that cannot be completed, so that no reader takes it for complete. */
  breakOff(rest: Buffer, failure: BackendFailure): void
}

export interface OutgoingListener {
  /** The reader takes bytes again. */
  drained(): void
  /** The reader is gone, or has the whole answer. */
  closed(): void
}
