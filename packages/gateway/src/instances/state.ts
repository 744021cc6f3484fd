/** How instances fare, as the management API, the CLI and the metrics show it. */

export type BreakerState = 'closed' | 'open' | 'half-open'

/** One deployment of one instance. */
export interface LaneState {
  readonly deployment: string
  readonly kind: 'standard' | 'provisioned'
  readonly breaker: BreakerState
  /** Why it is not closed: `throttled`, `failures`, `failure_share`, `deployment_not_found`, `credential_refused`, `probe`; null when it is closed. */
  readonly breakerReason: string | null
  /** When it is tried again, milliseconds since the epoch; null when it is closed. */
  readonly retryAtMs: number | null
  /** Of provisioned throughput as last reported, 1 is all of it; null when it was never reported. */
  readonly utilization: number | null
  /** True while new calls go to the next priority because of it. */
  readonly spilling: boolean
  /** As last reported and not older than a minute; null when unknown. */
  readonly remainingTokens: number | null
  readonly remainingRequests: number | null
  /** Of recent calls, milliseconds from sending to the first byte; null before the first. */
  readonly latencyMs: number | null
  readonly latencyP95Ms: number | null
  readonly inFlight: number
  /** Tries since the start of the process, and those of them that failed (429 and 5xx, refused credentials, time-outs, connection errors). */
  readonly calls: number
  readonly failures: number
}

export interface InstanceState {
  readonly name: string
  /** False while every deployment's breaker is open, or the last active probe failed. */
  readonly healthy: boolean
  /** True from when the gateway's own credential was refused until a call is let in again; always false with the caller's. */
  readonly credentialRefused: boolean
  /** Calls for which it was refused, since the start of the process. */
  readonly credentialRefusals: number
  readonly lastProbe: ProbeResult | null
  readonly inFlight: number
  readonly lanes: readonly LaneState[]
}

/** What came of asking an instance for its models with its credential, which is not billed. */
export interface ProbeResult {
  readonly atMs: number
  readonly ok: boolean
  /** HTTP status, null when no answer came. */
  readonly status: number | null
  readonly durationMs: number
  /** What failed, in words fit for an operator, without any secret; null when nothing did. */
  readonly error: string | null
}
