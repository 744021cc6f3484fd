/** Messages between the main thread and the store's thread. */
import type { LedgerErrorCode } from '../index.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { LedgerNames } from '../names.ts'
import type { Store } from './store.ts'

/** Methods of the store that the main thread can call. */
export type StoreCall =
  | 'load'
  | 'keepNames'
  | 'usage'
  | 'series'
  | 'callers'
  | 'errors'
  | 'list'
  | 'follow'
  | 'row'
  | 'bodies'
  | 'keptBodies'
  | 'bodyPlaces'
  | 'conversationsPage'
  | 'querySnapshot'
  | 'releaseSnapshot'
  | 'spent'
  | 'owed'
  | 'creatorsOf'
  | 'known'
  | 'unfinished'
  | 'written'
  | 'retain'
  | 'eraseFigures'
  | 'eraseBegin'
  | 'eraseSegment'
  | 'eraseShipped'
  | 'eraseArchives'
  | 'eraseRows'
  | 'status'
  | 'close'

export type StoreArguments<C extends StoreCall> = Parameters<Store[C]>
export type StoreAnswer<C extends StoreCall> = Awaited<ReturnType<Store[C]>>

/** `none`: the ledger is its journal alone. */
export type StoreKind = 'duckdb' | 'none'

export interface StoreData {
  readonly kind: StoreKind
  readonly directory: string
  readonly names: LedgerNames
  /**
   * One `BigInt64`: the position before which everything is with the kernel. Written by the journal, read by the
   * loader.
   */
  readonly written: SharedArrayBuffer
  /** One `BigInt64`: the position before which everything is in the store. Written by the store's thread. */
  readonly loaded: SharedArrayBuffer
  /** True for a thread that takes the place of one that died while the journal is being written. */
  readonly isRestart: boolean
  /** Milliseconds between two looks at it. */
  readonly loadEveryMs: number
}

export interface StoreQuestion {
  readonly number: number
  readonly call: StoreCall
  readonly args: readonly unknown[]
}

export type FromStore =
  | { readonly kind: 'ready'; readonly position: JournalPosition; readonly openIds: readonly string[] }
  | { readonly kind: 'failed'; readonly error: SentError }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: unknown }
  | { readonly kind: 'refusal'; readonly number: number; readonly error: SentError }
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly fields: Readonly<Record<string, unknown>>
      readonly message: string
    }

/** An error, as it is sent between threads. */
export interface SentError {
  /** Null for errors other than `LedgerError`. */
  readonly code: LedgerErrorCode | null
  readonly range: boolean
  readonly message: string
}
