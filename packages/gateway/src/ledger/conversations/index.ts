/** Records as lines of JSON with their conversations: the question and its answer. */
import type { RecordFilter } from '../reports.ts'

export interface ConversationsQuery extends RecordFilter {
  /** True for what was asked and answered, besides the figures. */
  readonly bodies: boolean
  /** True for both bodies as they were, in base64, too. */
  readonly raw: boolean
  /** Only records with lower ids: continues after the last line that was read. */
  readonly before?: string
  /** `upTo` of the reading that is resumed. Default: everything that is loaded now. */
  readonly upTo?: string
}

/** Lines of records, or parts of a long one. */
export interface ConversationsPiece {
  readonly bytes: Uint8Array
  /** Ids of the records whose lines end in it, in their order. */
  readonly ids: readonly string[]
}

export interface ConversationsReading {
  /** Records that were loaded later are not in it. */
  readonly upTo: string
  /** Newest record first. Each line ends with a line feed. Reject with a `LedgerError` where it cannot go on. */
  readonly pieces: AsyncGenerator<ConversationsPiece>
}

/** Asks the ledger a question when its reader has a turn. */
export type Turn = <T>(question: () => Promise<T>) => Promise<T>

/**
 * Whether a line has the conversation, or why not. `omitted`: bodies were not asked for; `deleted`: they were older
 * than `ledger.retain.bodies`; `uncaptured`: the workload keeps figures alone, there were none, or they were erased;
 * `too_long`: they are longer than 32 MiB, or have more than a million objects and lists; `damaged`: they are not as
 * they were written.
 */
export const bodyStates = ['kept', 'omitted', 'deleted', 'uncaptured', 'too_long', 'damaged'] as const
export type BodyState = (typeof bodyStates)[number]
