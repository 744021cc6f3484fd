/**
 * Objects: what calls create on an instance and refer to later (responses, files, batches, vector stores, conversations). They
 * live on one instance and belong to one workload; whoever else asks gets the same 404 as for one that does not exist.
 */

export interface Owner {
  readonly workload: string
  readonly instance: string
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
  /** It is at work, and what it used will be said by an answer that shows its end. */
  owes(id: string): void
  /** True once for an object that owes: what is said now has not been counted yet. Never rejects. */
  collects(id: string): Promise<boolean>
  /** Remembered in this process. */
  readonly size: number
  close(): Promise<void>
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
