import type { FeedBatch, FeedProgress, FeedSelection } from './index.ts'

/** What a feed's thread is started with, and what it says to the main thread. */
export interface FeedThreadData {
  readonly name: string
  /** Address of the feed's module. */
  readonly module: string
  readonly settings: unknown
  readonly selection: FeedSelection | undefined
  readonly batch: FeedBatch | undefined
  /** Directory of the segments, and that of the cursor files. */
  readonly journal: string
  readonly cursors: string
  /** One `BigInt64`: the position before which everything is with the kernel. Written by the journal. */
  readonly written: SharedArrayBuffer
  /** One `BigInt64`: the position from which on the feed needs the journal. Written by the feed's thread. */
  readonly needed: SharedArrayBuffer
  readonly everyMs: number
}

export type FeedOrder =
  | { readonly kind: 'progress' | 'pause' | 'resume' }
  | { readonly kind: 'rewind'; readonly toMs: number }

/** Sent by the main thread. Every order is answered with the feed's progress after it. */
export type ToFeed = 'close' | { readonly number: number; readonly order: FeedOrder }

/** Sent by a feed's thread. */
export type FromFeed =
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly fields: object
      readonly message: string
    }
  | { readonly kind: 'trouble'; readonly isFailing: boolean }
  | { readonly kind: 'answer'; readonly number: number; readonly progress: FeedProgress }
  | { readonly kind: 'refusal'; readonly number: number; readonly reason: string }
