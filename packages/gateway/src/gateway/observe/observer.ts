/**
 * Observers look at an answer's bytes as they pass and learn what the record needs. They never wait: what an observer
 * returns from `pass` goes to the client at once.
 */
import type { Usage } from '../../wire/usage.ts'

export interface Observer {
  /** @returns the bytes to relay; the same buffer where nothing is taken out. */
  pass(chunk: Buffer): Buffer
  /** At the end, also after a break: bytes that were held back. */
  rest(): Buffer
  /** Where reading lags behind the bytes: resolves when all of them are read. Called once, after the last chunk and before `learned`. */
  whenRead?(): Promise<void>
  /** What was learned. Called once, after the last chunk. */
  learned(): Learned
}

export interface Learned {
  /** Null when the backend reported none. */
  readonly usage: Usage | null
  /** True when `usage` stood in the middle of a stream: had the stream gone on, it would have been more. */
  readonly usageSoFar: boolean
  readonly servedModel: string | null
  /** `service_tier` as the answer names it, which need not be the one that was asked for. */
  readonly serviceTier: string | null
  readonly finishReason: string | null
  /** True when the answer said that it is at its end: a finish reason, a closing event, a whole document. */
  readonly isFinished: boolean
  /** `code` of an error object in the answer (of an error answer, or an error frame of a stream). */
  readonly errorCode: string | null
  /** True when a stream carried an error frame. */
  readonly errorInStream: boolean
  /** `id` of the object that the answer says was created; null for operations that create none. */
  readonly objectId: string | null
  /** True when the answer says that the object is at work in the background. */
  readonly isBackground: boolean
}

export const nothingLearned: Learned = {
  usage: null,
  usageSoFar: false,
  servedModel: null,
  serviceTier: null,
  finishReason: null,
  isFinished: false,
  errorCode: null,
  errorInStream: false,
  objectId: null,
  isBackground: false,
}

/** For answers that cannot be read: audio, files, compressed bytes. */
export const blind: Observer = {
  pass: chunk => chunk,
  rest: () => empty,
  learned: () => nothingLearned,
}

export const empty = Buffer.alloc(0)
