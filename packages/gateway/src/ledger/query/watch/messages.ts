/** What the thread that watches the process of a question gets. */
export interface WatchData {
  /** Bytes of memory that the process may use. */
  readonly bytesMax: number
  /** Milliseconds that it may live. */
  readonly lifeMs: number
  /** The process that waits for the answer. */
  readonly parent: number
}
