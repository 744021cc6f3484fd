/** The port of what the ledger does about a person: legal holds, and erasure. */

/** Records that a filter selects. What is null selects every record. */
export interface HoldFilter {
  /** Key of a caller, as `user:TENANT/OBJECT`. */
  readonly caller: string | null
  readonly workload: string | null
  /** Began at or after it, in ms since the epoch. */
  readonly fromMs: number | null
  /** Began before it. */
  readonly toMs: number | null
}

/** Stands against erasure and against retention of the records that it selects, until it is removed. */
export interface LegalHold extends HoldFilter {
  /** UUID of version 7. */
  readonly id: string
  /** Why, in the words of who added it. */
  readonly reason: string
  /** Key of who added it. */
  readonly by: string
  readonly atMs: number
}

export interface LegalHolds {
  /** Oldest first. @throws LedgerError `ledger_corrupt` when their file cannot be read. */
  list(): readonly LegalHold[]
  /** Resolves when it is on the disk. */
  add(hold: LegalHold): Promise<void>
  /** Null when there is no such hold. */
  remove(id: string): Promise<LegalHold | null>
}
