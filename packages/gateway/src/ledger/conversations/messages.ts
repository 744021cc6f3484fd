import type { BodyPositions } from '../journal/bodies.ts'
import type { RecordRow } from '../record.ts'

/** What the thread of one export gets. */
export interface ConversationsData {
  /** Directory of the segments. */
  readonly journal: string
  readonly bodies: boolean
  readonly raw: boolean
}

/** One record of a page. */
export interface PageEntry {
  readonly row: RecordRow
  /** Null where its bodies are not shown any more, or the journal has nothing of it. */
  readonly places: BodyPositions | null
}

/** To the thread. `page`: the next one, after the one before was made into lines. `more`: the next piece of it. */
export type ToConversations =
  | {
      readonly kind: 'page'
      /** JSON text of a list of `PageEntry`: it passes through the main thread, which does not read it. */
      readonly entries: Uint8Array
    }
  | { readonly kind: 'more' }

/** From the thread, for each `more`. */
export interface FromConversations {
  readonly bytes: Uint8Array
  readonly ids: readonly string[]
  /** True for the last piece of a page. */
  readonly isLast: boolean
}
