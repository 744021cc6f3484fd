import { type FieldName, fieldRows, type fields } from './fields.ts'
import type { CopyKind, Outcome, RecordRow } from './record.ts'

/** What a usage report can be broken down by. `day`, `hour`, `month` are of the start time, UTC; `copy` is the kind of copy, null for what clients asked. */
export const usageDimensions = [
  'workload',
  'caller',
  'instance',
  'deployment',
  'model',
  'operation',
  'outcome',
  'copy',
  'month',
  'day',
  'hour',
] as const
export type UsageDimension = (typeof usageDimensions)[number]

type ReportedAs<Report> = {
  [Name in FieldName]: (typeof fields)[Name] extends { report: Report } ? Name : never
}[FieldName]
/** Names of the fields that are a dimension of reports, and a filter. */
export type GroupedField = ReportedAs<'group'>
/** Names of the fields of which reports have the sum. */
export type SummedField = ReportedAs<'sum'>

const isGrouped = (name: FieldName): name is GroupedField =>
  fieldRows.some(row => row.name === name && row.report === 'group')
export const groupedFields: readonly GroupedField[] = fieldRows.map(({ name }) => name).filter(isGrouped)

export interface RecordFilter {
  /** Inclusive start and exclusive end, milliseconds since the epoch. */
  readonly fromMs?: number
  readonly toMs?: number
  readonly workload?: string
  /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
  readonly caller?: string
  readonly instance?: string
  readonly deployment?: string
  readonly model?: string
  readonly operation?: string
  readonly outcome?: Outcome
  readonly outcomeCode?: string
  readonly status?: number
  /** `none`: what clients asked, without copies. */
  readonly copyKind?: CopyKind | 'none'
  /** Copies of this exchange. */
  readonly copyOf?: string
  /** The calls that created this object. */
  readonly objectId?: string
}

export interface UsageQuery extends RecordFilter {
  /** At least one, each at most once. */
  readonly by: readonly UsageDimension[]
}

export interface CostSum {
  /** Billionths of the currency, a whole number. */
  readonly nano: number
  /** ISO 4217. */
  readonly currency: string
}

export interface UsageLine extends Readonly<Record<SummedField, number>> {
  /** One value per asked dimension, in the order asked; null where the record has none. Caller: display name (key in `callerKey`). */
  readonly keys: readonly (string | null)[]
  /** Present when `caller` is among the dimensions: the immutable key. */
  readonly callerKey: string | null
  readonly calls: number
  readonly completed: number
  readonly refused: number
  readonly failed: number
  readonly aborted: number
  readonly interrupted: number
  /** Calls whose tokens were counted or bounded here, not reported by the backend. */
  readonly countedCalls: number
  /** Calls that the gateway sent by itself. They are in all other figures too, because they are billed. */
  readonly copies: number
  /** Sums of what had a price, one per currency, by its name; empty where nothing had. */
  readonly costs: readonly CostSum[]
  /** Calls with tokens whose model had no price: their cost is in no sum. */
  readonly unpricedCalls: number
  readonly averageDurationMs: number | null
}

export interface UsageReport {
  readonly by: readonly UsageDimension[]
  readonly lines: readonly UsageLine[]
  readonly total: Omit<UsageLine, 'keys' | 'callerKey'>
}

export interface RecordsQuery extends RecordFilter {
  /** 1..1000, default 50. */
  readonly limit?: number
  /** The last id of the page before: answers what is older. */
  readonly before?: string
  /** For tailing: answers what was *loaded* after this cursor, oldest first. */
  readonly after?: string
}

export interface RecordsPage {
  readonly records: readonly RecordRow[]
  /** Pass as `before` to go on; null at the end. */
  readonly next: string | null
  /** Pass as `after` to get what comes later than all that this answer has seen. */
  readonly cursor: string
}

/** What the ledger knows of the time since a window began: how the counters of limits are restored. One group of calls, by workload, caller, deployment and instance. */
export interface SpentGroup {
  readonly workload: string | null
  readonly callerKey: string | null
  readonly deployment: string | null
  readonly instance: string | null
  readonly calls: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly costNano: number
  /** Newest start in the group, milliseconds since the epoch. */
  readonly startedAtMs: number
}
