/** Health of instances, as the management API, the CLI and the metrics show it. */
import type { Drained } from './gate.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** One deployment of one instance. */
export interface LaneState {
  readonly deployment: string
  readonly kind: 'standard' | 'provisioned'
  readonly breaker: BreakerState
  /**
   * Reason why it is not closed: `throttled`, `failures`, `failure_share`, `deployment_not_found`,
   * `credential_refused`, `probe`; null when it is closed.
   */
  readonly breakerReason: string | null
  /** Time of the next attempt, milliseconds since the epoch; null when it is closed. */
  readonly retryAtMs: number | null
  /** Utilisation of provisioned throughput as last reported, 1 is all of it; null when it was never reported. */
  readonly utilization: number | null
  /** True while new calls go to the next priority because of it. */
  readonly spilling: boolean
  /** As last reported, not older than a minute; null when unknown. */
  readonly remainingTokens: number | null
  readonly remainingRequests: number | null
  /** Latency of recent calls, milliseconds from sending to the first byte; null before the first. */
  readonly latencyMs: number | null
  readonly latencyP95Ms: number | null
  readonly inFlight: number
  /**
   * Attempts since the start of the process, and failed ones among them (429 and 5xx, refused credentials, timeouts,
   * connection errors).
   */
  readonly calls: number
  readonly failures: number
}

export interface InstanceState {
  readonly name: string
  /** The operator's order that it gets no new calls; null where there is none. */
  readonly drained: Drained | null
  /** False while every deployment's breaker is open, or the last active probe failed. */
  readonly healthy: boolean
  /**
   * True from the refusal of the gateway's own credential until a call is accepted again; always false with the
   * caller's token.
   */
  readonly credentialRefused: boolean
  /** Number of calls for which it was refused, since the start of the process. */
  readonly credentialRefusals: number
  readonly lastProbe: ProbeResult | null
  readonly inFlight: number
  readonly lanes: readonly LaneState[]
}

/** Result of a request for an instance's models with its credential, which is not billed. */
export interface ProbeResult {
  readonly atMs: number
  /** True when it answered and the credential is valid, even where the credential may not list models. */
  readonly ok: boolean
  /** HTTP status, null when no answer came. */
  readonly status: number | null
  readonly durationMs: number
  /** The failure, in words for an operator, without any secret; null when nothing failed. */
  readonly error: string | null
}
