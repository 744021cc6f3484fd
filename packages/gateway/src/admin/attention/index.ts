/** What needs attention, and the facts from which it follows. */
import type { InstanceState } from '../../instances/state.ts'
import type { SourceState } from '../../ledger/collect/index.ts'
import type { FeedState } from '../../ledger/feeds/control.ts'
import type { LedgerHealth } from '../../ledger/index.ts'
import type { LimitsReport } from '../../limits/index.ts'
import type { ReplicasReport } from '../../replicas/index.ts'

/** `critical`: calls fail or records are lost now. `warning`: they may soon. `note`: somebody wants it so. */
export const severities = ['critical', 'warning', 'note'] as const
export type Severity = (typeof severities)[number]

export const attentionPages = ['instances', 'limits', 'feeds', 'sources', 'usage', 'ledger', 'replicas'] as const

export interface Attention {
  readonly severity: Severity
  /** A stable name of what was found, as `limit_used_up`. */
  readonly code: string
  /** What it is about: a rule, an instance, a feed, a model; null for the gateway as a whole. */
  readonly subject: string | null
  /** One sentence: what is wrong. */
  readonly what: string
  /** One sentence: what to do. */
  readonly next: string
  /** Milliseconds since the epoch; null where that is not known. */
  readonly sinceMs: number | null
  /** Where to look. */
  readonly page: (typeof attentionPages)[number]
  readonly parameters: Readonly<Record<string, string>>
}

/** Calls with tokens whose model had no price. */
export interface UnpricedModel {
  readonly model: string
  readonly calls: number
}

/** What the house knows. Null for what could not be read. */
export interface AttentionFacts {
  readonly nowMs: number
  readonly limits: LimitsReport | null
  /** ISO 4217, of limits of cost. */
  readonly currency: string
  /** As all replicas together see them. */
  readonly instances: readonly InstanceState[]
  readonly feeds: readonly FeedState[]
  readonly sources: readonly SourceState[]
  readonly replicas: ReplicasReport
  readonly ledger: LedgerHealth | null
  /** Of the last day. */
  readonly unpriced: readonly UnpricedModel[]
}
