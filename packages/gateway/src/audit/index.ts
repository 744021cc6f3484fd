/**
 * The audit trail: who did what through the management API, and what it refused, as a chain of entries in files
 * (docs/audit.md). Each entry has the hash of the one before it, so that none can be changed, removed, swapped or added
 * without a trace.
 */

/** Facts of one entry by name: no content of a body, no credential. */
export type AuditFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/**
 * How far it has come. `asked`: it is about to be done; an entry of its result follows, with the number of this one as
 * the fact `of`. `done`, `failed`: its result. `refused`: nothing was done.
 */
export type AuditOutcome = 'asked' | 'done' | 'failed' | 'refused'

export interface AuditEvent {
  /** What it is, as `bodies_read`; lower case with underscores. */
  readonly action: string
  readonly outcome: AuditOutcome
  /**
   * Key of the caller, as `user:TENANT/OBJECT`; `gatehouse` for the process itself, `stranger` without a valid token.
   */
  readonly actor: string
  /** Name for display, as the token had it. */
  readonly name: string | null
  /** Address of the connection; of a sum the network that is counted as one. */
  readonly address: string | null
  readonly requestId: string | null
  /** Why, in the words of the actor. */
  readonly reason: string | null
  readonly facts: AuditFacts
}

export interface AuditEntry extends AuditEvent {
  /** Number of the entry in its trail, from 0. */
  readonly seq: number
  /** ISO 8601, UTC. */
  readonly time: string
  /** SHA-256 of the entry before, in hex; zeros for the first one. */
  readonly prev: string
  /** SHA-256 of this one, in hex. */
  readonly hash: string
}

export interface AuditQuery {
  readonly actor?: string
  readonly action?: string
  readonly outcome?: AuditOutcome
  /** Began at or after this, in ms since the epoch. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Entries before this number. */
  readonly before?: number
  readonly limit: number
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[]
  /** Pass as `before` for older ones; null at the beginning of the trail. */
  readonly next: number | null
  /** The newest entry of the trail; null where there is none. */
  readonly head: AuditHead | null
}

export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

export interface AuditFault {
  /** File of the segment; null where the fault is in none. */
  readonly file: string | null
  /** Line in it, from 1. */
  readonly line: number | null
  /** Number of the entry that is broken, or that is missing. */
  readonly seq: number | null
  /** In words. */
  readonly why: string
}

export interface Verified {
  /** Entries that are as they were written, from the beginning of the trail to the first fault. */
  readonly entries: number
  readonly segments: number
  /** The first and the last of them; null where there is none. */
  readonly first: AuditHead | null
  readonly last: AuditHead | null
  /** The first fault; null for a chain that is whole. */
  readonly fault: AuditFault | null
  /** What is no fault, and may be worth a look. */
  readonly notes: readonly string[]
}

export interface AuditTrail {
  /** Resolves when the entry is on the disk. Rejects with `AuditError` when it could not be written. */
  write(event: AuditEvent): Promise<AuditEntry>
  /**
   * The same for a refusal. Beyond a rate, those of one actor or network and of one code are summed: the promise then
   * resolves with null at once, and one entry with their number follows.
   */
  refuse(event: AuditEvent & { readonly facts: { readonly code: string } }): Promise<AuditEntry | null>
  list(query: AuditQuery): Promise<AuditPage>
  /** Checks the whole chain. Who asks while it is checked gets the same result. */
  verify(): Promise<Verified>
  /** Writes the sums as they are, and closes the file. Idempotent. */
  close(): Promise<void>
}

/** The trail cannot be written: whatever must be in it must not be done. */
export class AuditError extends Error {
  readonly code = 'audit_unavailable'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AuditError'
  }
}
