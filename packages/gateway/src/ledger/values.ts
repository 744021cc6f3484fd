/** Kinds of values that a record's fields hold. */

/**
 * How an exchange ended.
 * - `completed`: the backend's answer reached the client whole, whatever its status.
 * - `refused`: the gateway answered by itself. `outcomeCode` is the refusal's code.
 * - `failed`: the backend did not answer, or its answer broke off. `outcomeCode` has the reason.
 * - `aborted`: the client left before the end.
 * - `interrupted`: the gateway's process died while the exchange was open; found when it started again.
 */
export const outcomes = ['completed', 'refused', 'failed', 'aborted', 'interrupted'] as const
export type Outcome = (typeof outcomes)[number]

export const callerKinds = ['user', 'application'] as const

/**
 * Calls that the gateway sends by itself. `shadow`: a mirrored copy whose answer is discarded. `hedge`: a second
 * attempt beside a slow one. `follow_up`: a question about the end of a background response or batch, to learn its
 * usage.
 */
export const copyKinds = ['shadow', 'hedge', 'follow_up'] as const
export type CopyKind = (typeof copyKinds)[number]

/** Cost of the tokens of an exchange. */
export interface Cost {
  /** Billionths of the currency, a whole number. */
  readonly nano: number
  /** ISO 4217. */
  readonly currency: string
  /** Model and first day of the price that the cost was computed with, as `gpt-4o-2024-08-06 2024-10-01`. */
  readonly price: string
}

/** One attempt at one instance. */
export interface AttemptRecord {
  readonly instance: string
  /** HTTP status, or null when no answer came. */
  readonly status: number | null
  readonly durationMs: number
  /**
   * Reason of a failure without a status: `connect_refused`, `connect_timeout`, `first_byte_timeout`,
   * `stream_idle_timeout`, ...
   */
  readonly error: string | null
}
