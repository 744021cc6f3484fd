/** Work on a ledger that no gateway has open: checking it, making its store anew, handing out its records. */

/** What was checked of one part of the ledger. */
export interface CheckedPart {
  readonly part: 'segments' | 'records' | 'rollups' | 'archives' | 'cursors'
  /** What was looked at, in words: `3 segments, 1,204 entries, 9,120,332 bytes`. */
  readonly checked: string
  /** What is wrong, a sentence each; empty when nothing is. */
  readonly faults: readonly string[]
  /** What is worth knowing and no fault. */
  readonly notes: readonly string[]
}

/** What a rebuild has done. */
export interface RebuiltStore {
  /** Records that were loaded from the journal. */
  readonly loaded: number
  /** Records that the journal no longer has, taken over from the store as it was. */
  readonly kept: number
  /** Records of archives that the store as it was did not know. */
  readonly adopted: number
  /** Archives that are damaged or missing, relative to their directory: what they had is not in the new store. */
  readonly leftOut: readonly string[]
  /** Why the store as it was could not be read; null where it could, or where there was none. */
  readonly unreadable: string | null
}
