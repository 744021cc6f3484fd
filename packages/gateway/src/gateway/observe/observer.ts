/**
 * Observers read the bytes of an answer as they pass and learn what the record needs. They never wait: what `pass`
 * returns goes to the client at once.
 */
import type { Usage } from '../../wire/usage.ts'

export interface Observer {
  /** @returns the bytes for the client; the same buffer where nothing is removed. */
  pass(chunk: Buffer): Buffer
  /** Bytes that were held back. Called at the end, also after a break. */
  rest(): Buffer
  /**
   * For observers that read later than the bytes come: resolves when all of them are read. Called once, after the last
   * chunk and before `learned`.
   */
  whenRead?(): Promise<void>
  /** Called once, after the last chunk. */
  learned(): Learned
}

export interface Learned {
  /** Null when the backend reported no usage. */
  readonly usage: Usage | null
  /** True when `usage` came in the middle of a stream: it would have grown until the end. */
  readonly usageSoFar: boolean
  readonly servedModel: string | null
  /** `service_tier` of the answer, which need not be the requested one. */
  readonly serviceTier: string | null
  readonly finishReason: string | null
  /** True when the answer says that it is complete: a finish reason, a closing event, a whole document. */
  readonly isFinished: boolean
  /** `code` of the error in an error answer, or in an error event of a stream. */
  readonly errorCode: string | null
  /** True when a stream contained an error event. */
  readonly errorInStream: boolean
  /** `id` of the object that was created according to the answer; null for operations that create none. */
  readonly objectId: string | null
  /** True when the answer says that work on the object continues in the background. */
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
