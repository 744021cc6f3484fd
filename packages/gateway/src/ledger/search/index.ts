/** Search for a text in the bodies of records: the question and its answer. */

export interface SearchQuery {
  /** What is looked for, as people read it: `textFault` says what is allowed. */
  readonly text: string
  readonly workload: string
  /** Inclusive start and exclusive end of the records' starts, milliseconds since the epoch. */
  readonly fromMs: number
  readonly toMs: number
  /** As of `RecordFilter`. */
  readonly caller?: string
  /** Hits after which the search stops. 1..200, default 50. */
  readonly limit?: number
  /** `next` of the page before: goes on with older records. */
  readonly before?: string
}

/** One body that has the text; only its first place. */
export interface SearchHit {
  readonly id: string
  readonly startedAtMs: number
  /** Immutable key and display name of the caller; null where none was verified. */
  readonly callerKey: string | null
  readonly callerName: string | null
  readonly in: 'request' | 'response'
  /**
   * The text as it was found, and some characters before and after it. White space is one space each, and control
   * characters are middle dots.
   */
  readonly found: string
  readonly before: string
  readonly after: string
}

export interface SearchPage {
  /** Newest record first; of one record, the request first. */
  readonly hits: readonly SearchHit[]
  /** Records that were searched, counted with those whose bodies could not be. */
  readonly searched: number
  /** Records that there were to search: of the workload and the time, older than `before`. */
  readonly records: number
  /** Of the searched: records whose bodies have been deleted (`ledger.retain.bodies`). */
  readonly deleted: number
  /** Of the searched: records without bodies, because the workload captures figures alone (`capture: metadata`). */
  readonly uncaptured: number
  /** Of the searched: records whose bodies are damaged, or larger than a search reads (32 MiB). */
  readonly unread: number
  /** Pass as `before` to search the rest; null when everything was searched. */
  readonly next: string | null
}

export const searchHitsDefault = 50
export const searchHitsMax = 200
const textLeast = 2
const textMost = 256

/** What is wrong with a text to search for, as the rest of a sentence; null when nothing is. */
export function textFault(text: string): string | null {
  const characters = [...text.trim()].length
  if (characters < textLeast) return `needs at least ${textLeast} characters that are not white space at its ends`
  return characters > textMost ? `has at most ${textMost} characters` : null
}
