/** Who called, and how calls ended badly: what is asked, and the answers. */
import type { Outcome } from './record.ts'
import type { RecordFilter, UsageReport } from './reports.ts'

/** What callers are ordered by: the largest and the latest first, names from A on. */
export const callerOrders = ['tokens', 'calls', 'cost', 'failed', 'refused', 'last', 'name'] as const
export type CallerOrder = (typeof callerOrders)[number]

export interface CallersQuery extends RecordFilter {
  /** Part of a caller's name or key, in any case. */
  readonly search?: string
  readonly kind?: 'user' | 'application'
  readonly order: CallerOrder
  /** 1..1000 */
  readonly limit: number
  /** `next` of the page before. */
  readonly after?: string
}

/** One caller: the figures are those of a line of usage by caller. */
export type CallerFigures = UsageReport['total'] & {
  /** Immutable key of the caller. */
  readonly key: string
  /** Newest display name; the key where no record has one. */
  readonly name: string
  /** Null for all callers together that the ledger has no number for. */
  readonly kind: 'user' | 'application' | null
  /** Workloads that the calls named, by name. */
  readonly workloads: readonly string[]
  /** Start of the newest call, milliseconds since the epoch. */
  readonly lastCallAtMs: number
}

export interface CallersPage {
  readonly callers: readonly CallerFigures[]
  /** Callers that fit, on all pages. */
  readonly found: number
  /** To be passed as `after` for the next page; null at the end. */
  readonly next: string | null
}

/** Calls that ended in the same way: refused, failed, left, or answered with a status from 400 on. */
export interface ErrorLine {
  readonly outcome: Outcome
  /** Code of the refusal or failure; null for an answer of a backend. */
  readonly code: string | null
  readonly status: number | null
  readonly calls: number
  readonly lastCallAtMs: number
}
