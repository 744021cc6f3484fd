/**
 * Observers look at an answer's bytes as they pass and learn what the record needs. They never wait: what an observer
 * returns from `pass` goes to the client at once.
 */
import type { Usage } from '../../ledger/record.ts'

export interface Observer {
  /** @returns the bytes to relay; the same buffer where nothing is taken out. */
  pass(chunk: Buffer): Buffer
  /** At the end, also after a break: bytes that were held back. */
  rest(): Buffer
  /** What was learned. Called once, after the last chunk. */
  learned(): Learned
}

export interface Learned {
  /** Null when the backend reported none. */
  readonly usage: Usage | null
  readonly servedModel: string | null
  readonly finishReason: string | null
  /** `code` of an error object in the answer (of an error answer, or an error frame of a stream). */
  readonly errorCode: string | null
  /** True when a stream carried an error frame. */
  readonly errorInStream: boolean
  /** `id` of the object that the answer says was created; null for operations that create none. */
  readonly objectId: string | null
}

export const nothingLearned: Learned = {
  usage: null,
  servedModel: null,
  finishReason: null,
  errorCode: null,
  errorInStream: false,
  objectId: null,
}

/** For answers that cannot be read: audio, files, compressed bytes. */
export const blind: Observer = {
  pass: chunk => chunk,
  rest: () => empty,
  learned: () => nothingLearned,
}

export const empty = Buffer.alloc(0)
