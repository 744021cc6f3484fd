/** Explaining calls, as the management API sees it; the data plane decides (`gateway/explain`). */
import type { Caller } from '../../identity/caller.ts'

/** A call that nobody has sent. */
export interface ExplainCall {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Null for a call without a token. */
  readonly caller: Caller | null
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** `model` of a body of which nothing else is known. */
  readonly model: string | null
  readonly body: Uint8Array | null
  /** Deployments that tools of the call name, where the body is not known. */
  readonly toolDeployments: readonly string[]
}

export interface ExplainedStep {
  readonly stage: string
  readonly verdict: 'pass' | 'refuse' | 'unknown'
  readonly text: string
  readonly details?: readonly string[]
  readonly settings?: readonly { readonly path: string; readonly value: unknown }[]
  readonly destination?: {
    readonly workload: string
    readonly target: string
    readonly deployment: string | null
    readonly order: readonly (readonly string[])[]
  }
  readonly answer?: {
    readonly status: number
    readonly code: string
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly retryAfterMs: number | null
  }
}

export interface CallExplainer {
  /**
   * The steps up to the first refusal, or all of them.
   * @param atMs time of the call, in ms since the epoch: the configuration in force decides, and neither limits nor
   *   instances are looked at. Null: as the process would answer now.
   */
  explain(call: ExplainCall, atMs: number | null): Promise<readonly ExplainedStep[]>
  /** The workload that the address or a header field names; null where neither does or the address cannot be read. */
  workloadNamed(call: Pick<ExplainCall, 'method' | 'url' | 'headers'>): string | null
  /** The first stage that can refuse with this code; null for a code that is no refusal. */
  stageOf(code: string): string | null
}
