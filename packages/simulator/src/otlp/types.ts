/** The types of the simulated collector of OpenTelemetry. */

/** A span as it arrived. */
export interface ReceivedSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly name: string
  /** As in the protobufs: 1 internal, 2 server, 3 client. */
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string; readonly time: bigint }[]
  /** Status: 0 unset, 1 ok, 2 error. */
  readonly code: number
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: string
  readonly schemaUrl: string
}

export interface OtlpOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string
  /** Port to listen on. Default 0: a free one. */
  readonly port?: number
  /**
   * Called with the spans of each request. The request is answered when it resolves, with 500 when it rejects. What it
   * returns is said to the sender: how many spans were not kept, and why; null when all were.
   */
  readonly received?: (spans: readonly ReceivedSpan[]) => Promise<RejectedSpans | null>
}

export interface RejectedSpans {
  readonly count: number
  readonly reason: string
}

/** A running collector. */
export interface OtlpSimulator {
  /** `http://localhost:PORT/v1/traces`. */
  readonly url: string
  /** The newest 10,000 spans of requests that were taken, oldest first. */
  readonly spans: readonly ReceivedSpan[]
  close(): Promise<void>
}
