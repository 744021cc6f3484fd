/**
 * Objects: what calls create on an instance and refer to later (responses, files, batches, vector stores,
 * conversations). An object lives on one instance and belongs to one workload; other workloads get the same 404 as for
 * an object that does not exist.
 */

export interface Owner {
  readonly workload: string
  readonly instance: string
}

/** The caller that began the work, as records and limits name callers. */
export interface DebtCaller {
  readonly kind: 'user' | 'application'
  readonly tenantId: string
  readonly objectId: string
  readonly appId: string | null
  readonly displayName: string | null
}

/**
 * Work that an instance continues after the call that began it has ended: a background response or a batch. Its usage
 * is not known until an answer about the object reports it.
 */
export interface Debt {
  readonly objectId: string
  readonly kind: 'response' | 'batch'
  /** Id of the record of the call that began it, and when that call began. Milliseconds since the epoch. */
  readonly recordId: string
  readonly startedAtMs: number
  readonly caller: DebtCaller
  readonly workload: string
  /** The instance or pool that the call named. */
  readonly target: string
  readonly instance: string
  /** Null where the call named none, as for batches on v1. */
  readonly deployment: string | null
  readonly servedDeployment: string | null
  /** `api-version` of a dated address; null on v1. */
  readonly apiVersion: string | null
  /** What is charged when the usage can never be known. */
  readonly bound: { readonly promptTokens: number; readonly completionTokens: number }
  /** Trace of the caller, for the record of the follow-up. Debts of older versions have none. */
  readonly traceId?: string | null
}

export interface Objects {
  /**
   * The owner of an object; null when no call through this gateway or its replicas created it, or when it was deleted.
   * Synchronous when this process remembers it.
   * @throws ObjectsUnavailable (as a rejection) when this process does not know it, and Redis or the ledger cannot be
   *   reached.
   */
  ownerOf(id: string): Owner | null | Promise<Owner | null>
  /** Like `ownerOf`, from this process's memory only. */
  remembered(id: string): Owner | null
  /**
   * Owners of several objects, as far as this process and its replicas remember. Leaves out the others, and those that
   * only Redis could know while it cannot be reached. Never asks the ledger. Synchronous when this process remembers
   * all, or there is no Redis.
   */
  known(ids: readonly string[]): ReadonlyMap<string, Owner> | Promise<ReadonlyMap<string, Owner>>
  /**
   * A call has created them. Never waits; what cannot be shared at once is shared later. An object that was deleted
   * stays deleted.
   */
  created(ids: readonly string[], owner: Owner): void
  /** It was deleted. */
  deleted(id: string): void
  /** Debts that replicas share; null where there is no Redis. */
  readonly debts: SharedDebts | null
  /** Number of objects that this process remembers. */
  readonly size: number
  close(): Promise<void>
}

/**
 * Debts that replicas share, so that each is charged once, whichever replica sees the object's end first. Nothing here
 * rejects.
 */
export interface SharedDebts {
  /** Adds a debt. Never waits; what cannot be written at once is written later. */
  add(debt: Debt): void
  /**
   * Claims a debt for a minute. The process that claims it charges it and then calls `paid`; if it dies before, others
   * can claim it.
   * @param isKnown true when the caller holds the debt itself, which Redis may have lost.
   * @returns the debt as shared (`own`: charge the one that the caller holds), or why it must not be charged now.
   *   `unknown`: Redis did not answer.
   */
  claim(objectId: string, isKnown: boolean): Promise<Debt | 'own' | 'paid' | 'claimed' | 'none' | 'unknown'>
  /** True when a process has charged it; false also while Redis does not answer. */
  isPaid(objectId: string): Promise<boolean>
  /** The debt of that object while it is open; null also while Redis does not answer. */
  find(objectId: string): Promise<Debt | null>
  /** Its charge is in the ledger. */
  paid(objectId: string): void
  /** Another process has charged it: this one need not write it again. */
  forget(objectId: string): void
  /** Debts that their process has not renewed for a while. The caller takes them over. */
  orphans(nowMs: number): Promise<readonly Debt[]>
  /** Renews debts of this process. */
  renew(objectIds: readonly string[], nowMs: number): void
  /** Writes nothing more after what is in flight. */
  close(): void
}

/** The ledger's part: it knows which calls created objects, also those that this process does not remember. */
export interface ObjectHistory {
  /** Owners according to the records of the calls that created the objects; leaves out objects that no record names. */
  creatorsOf(objectIds: readonly string[]): Promise<ReadonlyMap<string, Owner>>
}

/** The owner cannot be looked up: Redis or the ledger does not answer. The object may exist, so 404 would be wrong. */
export class ObjectsUnavailable extends Error {
  readonly code = 'objects_unavailable'
  constructor(options?: ErrorOptions) {
    super('the owner of an object cannot be looked up now', options)
    this.name = 'ObjectsUnavailable'
  }
}
