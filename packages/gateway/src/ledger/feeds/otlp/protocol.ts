/** What both protocols of OTLP offer. https://opentelemetry.io/docs/specs/otlp/ */
export interface OtlpClient {
  /**
   * Sends a request once. Requests follow each other.
   * @returns the answer to a request that was taken, as its message of protobuf; and the bytes that were sent.
   * @throws ContentRefusedError, RetryLaterError, or Error for everything that may pass.
   */
  send(message: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly bytes: number }>
  close(): Promise<void>
}

/** What is sent: each has a service of its own. */
export type Signal = 'traces' | 'metrics'
