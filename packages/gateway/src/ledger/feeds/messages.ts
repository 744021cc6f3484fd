/** What a feed's thread is started with, and what it says to the main thread. */
export interface FeedThreadData {
  readonly name: string
  /** Address of the feed's module. */
  readonly module: string
  readonly settings: unknown
  /** Directory of the segments, and that of the cursor files. */
  readonly journal: string
  readonly cursors: string
  /** One `BigInt64`: the position before which everything is with the kernel. Written by the journal. */
  readonly written: SharedArrayBuffer
  /** One `BigInt64`: the position from which on the feed needs the journal. Written by the feed's thread. */
  readonly needed: SharedArrayBuffer
  readonly everyMs: number
}

/** Sent by the main thread. */
export type ToFeed = 'close'

/** A line for the log. */
export interface FromFeed {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: object
  readonly message: string
}
