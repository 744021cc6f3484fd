/** Explaining calls, as the management API sees it; the data plane decides (`gateway/explain`). */
import type { Config } from '../../config/schema/index.ts'
import type { Caller } from '../../identity/caller.ts'
import type { RecordRow } from '../../ledger/record.ts'

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
  readonly body?: Uint8Array | null
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
    readonly order: readonly (readonly { readonly instance: string; readonly alias: string | null }[])[]
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

/** The call of a record, and what came of it then. */
export interface ExplainedRecord {
  readonly call: ExplainCall
  readonly steps: readonly ExplainedStep[]
  /** What the record does not hold, and what was taken instead, in sentences. */
  readonly assumed: readonly string[]
  /** The stage that refused it then; null for a call that was not refused. */
  readonly stage: string | null
}

/** A call of the past that another configuration treats in another way, or for which that cannot be told. */
export interface ReplayedChange {
  /** Of its record. */
  readonly id: string
  readonly startedAtMs: number
  readonly caller: string | null
  readonly workload: string | null
  readonly kind: 'refused' | 'allowed' | 'otherwise' | 'elsewhere' | 'unknown'
  /** Codes of its refusals; null where it is none. */
  readonly codes: { readonly before: string | null; readonly after: string | null }
  readonly reason: string
  readonly settings: readonly { readonly path: string; readonly value: unknown }[]
}

export interface ReplayedCalls {
  readonly calls: number
  readonly same: number
  readonly changes: readonly ReplayedChange[]
  /** Copies that were left out. */
  readonly copies: number
  readonly fromMs: number | null
  readonly toMs: number | null
  /** What cannot be told from records, in sentences. */
  readonly untold: readonly string[]
}

export interface CallExplainer {
  /**
   * The steps up to the first refusal, or all of them.
   * @param atMs time of the call, in ms since the epoch: the configuration in force decides, and neither limits nor
   *   instances are looked at. Null: as the process would answer now.
   */
  explain(call: ExplainCall, atMs: number | null): Promise<readonly ExplainedStep[]>
  /** Under the configuration in force. Neither limits nor instances are looked at. */
  explainRecord(row: RecordRow): Promise<ExplainedRecord>
  /** The workload that the address or a header field names; null where neither does or the address cannot be read. */
  workloadNamed(call: Pick<ExplainCall, 'method' | 'url' | 'headers'>): string | null
  /**
   * Decides calls of the past under another configuration, in a thread of its own.
   * @returns null when it took too long.
   */
  replay(after: Config, rows: readonly RecordRow[]): Promise<ReplayedCalls | null>
}
