/** An operator's order that an instance gets no new calls. */

/** Who gave the order, and when. */
export interface Drained {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
  /** Name of the operator, for people to read. */
  readonly by: string
}

/**
 * One per name of an instance, and the same one after a reload. While it is drained, calls go to other members; calls
 * that need an object of the instance still go there, as with proxies that drain a server.
 */
export interface Gate {
  /** Null while calls may go there. */
  drained: Drained | null
}

export const openGate = (): Gate => ({ drained: null })
