/** The other side has said when a retry may help. The pause after it is at least as long, up to an hour. */
export class RetryLaterError extends Error {
  /** Milliseconds from when the error was made. */
  readonly afterMs: number

  constructor(message: string, afterMs: number) {
    super(message)
    this.name = 'RetryLaterError'
    this.afterMs = afterMs
  }
}
