/**
 * Objects: what calls create on an instance and refer to later (responses, files, batches, vector stores, conversations). They
 * live on one instance and belong to one workload; whoever else asks gets the same 404 as for one that does not exist.
 */

export interface Owner {
  readonly workload: string
  readonly instance: string
}

/** Who began the work: as records and limits name callers. */
export interface Beginner {
  readonly kind: 'user' | 'application'
  readonly tenantId: string
  readonly objectId: string
  readonly appId: string | null
  readonly displayName: string | null
}

/**
 * Work that an instance goes on with after the call has ended that began it: a response in the background, a batch. What it used is not
 * known until an answer about the object reports it.
 */
export interface Debt {
  readonly objectId: string
  readonly kind: 'response' | 'batch'
  /** Id of the record of the call that began it, and when that call began. Milliseconds since the epoch. */
  readonly recordId: string
  readonly startedAtMs: number
  readonly caller: Beginner
  readonly workload: string
  /** As the call named it: an instance or a pool. */
  readonly target: string
  readonly instance: string
  /** Null where the call named none, as for batches on v1. */
  readonly deployment: string | null
  readonly servedDeployment: string | null
  /** `api-version` of a dated address; null on v1. */
  readonly apiVersion: string | null
  /** What it is charged at where nobody can tell what it used. */
  readonly bound: { readonly promptTokens: number; readonly completionTokens: number }
}

export interface Objects {
  /**
   * Whose it is and where it lives; null when no call through this gateway or its replicas made it. Synchronous when it is
   * remembered here.
   * @throws ObjectsUnavailable (as a rejection) when it is not known here and those who may know it cannot be asked.
   */
  ownerOf(id: string): Owner | null | Promise<Owner | null>
  /** As `ownerOf`, of what is remembered in this process alone. */
  remembered(id: string): Owner | null
  /**
   * Of several, as far as this process and its replicas remember: those that are unknown are left out, and the ledger is not asked.
   * Also left out is what only replicas could know that cannot be asked. Synchronous when all are remembered here, or nobody else is asked.
   */
  known(ids: readonly string[]): ReadonlyMap<string, Owner> | Promise<ReadonlyMap<string, Owner>>
  /** A call has created them. Never waits; what cannot be shared at once is shared later. */
  created(ids: readonly string[], owner: Owner): void
  /** It was deleted. */
  deleted(id: string): void
  /** What objects owe, as far as replicas share it; null where they share nothing. */
  readonly debts: SharedDebts | null
  /** Remembered in this process. */
  readonly size: number
  close(): Promise<void>
}

/** Debts that replicas share, so that each is charged once, whoever sees the object's end first. Nothing here rejects. */
export interface SharedDebts {
  /** Never waits; what cannot be told at once is told later. */
  owes(debt: Debt): void
  /**
   * Claims a debt, for a minute: who claims it charges it and then says `paid`; a process that dies before leaves it to others.
   * @param isKnown whether the caller holds the debt itself, which Redis may have lost.
   * @returns the debt as shared (`own`: the caller's own one stands), or why it must not be charged now. `unknown`: nobody could be asked.
   */
  claim(objectId: string, isKnown: boolean): Promise<Debt | 'own' | 'paid' | 'claimed' | 'none' | 'unknown'>
  /** Whether somebody has charged it; false when nobody can be asked. */
  isPaid(objectId: string): Promise<boolean>
  /** The debt of that object while it is open; null also when nobody can be asked. */
  find(objectId: string): Promise<Debt | null>
  /** Its charge is in the ledger. */
  paid(objectId: string): void
  /** Somebody else has charged it: this process has nothing to tell of it any more. */
  paidElsewhere(objectId: string): void
  /** Debts that their process has not looked after for a while; they are taken over with the answer. */
  orphans(nowMs: number): Promise<readonly Debt[]>
  /** Says that this process looks after these. */
  tended(objectIds: readonly string[], nowMs: number): void
}

/** The ledger, as far as it knows who created what: asked for what this process does not remember. */
export interface ObjectHistory {
  /** By the records that created the objects; those that no record names are left out. */
  creatorsOf(objectIds: readonly string[]): Promise<ReadonlyMap<string, Owner>>
}

/** It cannot be said whose an object is: the shared store or the ledger does not answer. It may exist, so 404 would be wrong. */
export class ObjectsUnavailable extends Error {
  readonly code = 'objects_unavailable'
  constructor(options?: ErrorOptions) {
    super('whose an object is cannot be asked at the moment', options)
    this.name = 'ObjectsUnavailable'
  }
}
