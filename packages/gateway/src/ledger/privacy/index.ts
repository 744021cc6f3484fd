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

/** What a hold's filter is compared with. */
export interface HeldFacts {
  /** Null for a call without a verified caller. */
  readonly callerKey: string | null
  readonly workload: string | null
  readonly startedAtMs: number
}

export interface LegalHolds {
  /** Oldest first. @throws LedgerError `ledger_corrupt` when their file cannot be read. */
  list(): readonly LegalHold[]
  /** Resolves when it is on the disk. */
  add(hold: LegalHold): Promise<void>
  /** Null when there is no such hold. */
  remove(id: string): Promise<LegalHold | null>
}

/** True when one of these holds selects the record. */
export function isHeld(holds: readonly HoldFilter[], facts: HeldFacts): boolean {
  return holds.some(
    ({ caller, workload, fromMs, toMs }) =>
      (caller === null || caller === facts.callerKey) &&
      (workload === null || workload === facts.workload) &&
      (fromMs === null || facts.startedAtMs >= fromMs) &&
      (toMs === null || facts.startedAtMs < toMs),
  )
}

/** The records of an erasure: those of one person, or of these the ones of a workload or a period. */
export interface EraseFilter extends HoldFilter {
  /** Key of a user. */
  readonly caller: string
}

export interface ErasedPerson {
  readonly tenantId: string
  readonly objectId: string
}

/** What an erasure is to do. It is on the disk before anything is changed, and leaves when all is done. */
export interface ErasePlan {
  /** UUID of version 7. */
  readonly id: string
  readonly filter: EraseFilter
  readonly person: ErasedPerson
  /** In the place of the object id, the same in all records. Random. */
  readonly pseudonym: string
  /** Calls that ended before this position of the journal are erased. */
  readonly to: number
  /** Legal holds as they stood then. */
  readonly holds: readonly LegalHold[]
  readonly reason: string
  /** Key of who ordered it. */
  readonly by: string
  readonly startedAtMs: number
}

/** What an erasure would remove. */
export interface ErasePreview {
  readonly filter: EraseFilter
  /** Name as the newest record has it; null where none has one. */
  readonly name: string | null
  readonly records: number
  /** Records of these in archives. */
  readonly archived: number
  readonly archives: number
  /** Segments of the journal with entries of these records. */
  readonly segments: number
  /** Bytes of their bodies that the journal may have. */
  readonly bodyBytes: number
  /** Begin of the first and of the last of them; null where there is none. */
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Records that legal holds select. They are not among the others. */
  readonly heldRecords: number
  /** Ids of all holds that may stand against it. */
  readonly holds: readonly string[]
  /** Feeds, which may have shipped the records. */
  readonly feeds: readonly string[]
}

/** A part of the person's data that an erasure leaves, and why. */
export interface LeftBehind {
  readonly what: 'held' | 'feeds' | 'audit' | 'objects' | 'damaged' | 'aside' | 'elsewhere'
  /** How many: records, audit entries, objects, bytes, files; null where it cannot be known. */
  readonly count: number | null
  readonly why: string
}

export interface SegmentProof {
  readonly segment: number
  readonly entries: number
  readonly bodyBytes: number
  /** SHA-256 in hex; null where the process died after it had replaced the file and before it had noted this. */
  readonly before: string | null
  readonly after: string
}

export interface ArchiveProof {
  readonly file: string
  readonly newFile: string
}

/** Says what an erasure has removed. It does not name the person: `pseudonym` is all that joins the records. */
export interface EraseCertificate {
  readonly id: string
  /** Key that the records have now. */
  readonly pseudonym: string
  readonly workload: string | null
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly reason: string
  readonly by: string
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly records: number
  readonly archived: number
  /** Begin of the first and of the last record; null where there was none. */
  readonly firstMs: number | null
  readonly lastMs: number | null
  readonly segments: readonly SegmentProof[]
  readonly archives: readonly ArchiveProof[]
  readonly left: readonly LeftBehind[]
}

export interface EraseState {
  readonly id: string
  /** `running`: also after a restart. `failed`: it is tried again within an hour, and at the next start. */
  readonly state: 'running' | 'failed' | 'done'
  readonly startedAtMs: number
  /** Why it failed last; null where it has not. */
  readonly error: string | null
  /** Null until it is done. */
  readonly certificate: EraseCertificate | null
}

export type EraseListener = (certificate: EraseCertificate) => Promise<void> | void

export interface Erasures {
  preview(filter: EraseFilter): Promise<ErasePreview>
  /**
   * Resolves when the plan is on the disk; the work goes on, and a process that dies finishes it at the next start.
   * @throws QuestionError when an erasure is under way.
   */
  start(filter: EraseFilter, reason: string, by: string): Promise<EraseState>
  /** Newest first. */
  list(): readonly EraseState[]
  /**
   * Calls a function with the certificate of each erasure that comes to its end. Where the function rejects, or the
   * process dies before it has resolved, it is called again after the next start.
   */
  onDone(listener: EraseListener): void
}
