import { type Field, type FieldName, fieldRows, type fields } from './fields.ts'
import type { CopyKind, Outcome, RecordRow } from './record.ts'

/**
 * Dimensions of usage reports. `day`, `hour`, `month`: of the start, in the zone of the question. `copy`: the kind of
 * copy, null for calls of clients.
 */
export const usageDimensions = [
  'workload',
  'caller',
  'instance',
  'deployment',
  'model',
  'operation',
  'outcome',
  'copy',
  'replica',
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

/** The fields of which reports have the sum. */
export const summedFields: readonly Field[] = fieldRows.filter(({ report }) => report === 'sum')
const isGrouped = (name: FieldName): name is GroupedField =>
  fieldRows.some(row => row.name === name && row.report === 'group')
export const groupedFields: readonly GroupedField[] = fieldRows.map(({ name }) => name).filter(isGrouped)

export interface RecordFilter {
  /** Inclusive start and exclusive end, milliseconds since the epoch. */
  readonly fromMs?: number
  readonly toMs?: number
  readonly workload?: string
  /** Records of one of these workloads alone; none where it is empty. */
  readonly workloads?: readonly string[]
  /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
  readonly caller?: string
  /** Caller key, and nothing else: display names are the callers' to choose. */
  readonly callerKey?: string
  readonly instance?: string
  readonly deployment?: string
  readonly model?: string
  readonly operation?: string
  /** Name of the gateway process that served the call. */
  readonly replica?: string
  readonly outcome?: Outcome
  readonly outcomeCode?: string
  readonly status?: number
  /** `none`: calls of clients, without copies. */
  readonly copyKind?: CopyKind | 'none'
  /** Copies of this exchange. */
  readonly copyOf?: string
  /** The calls that created this object. */
  readonly objectId?: string
  /** Only calls with more tokens in all than this. */
  readonly tokensOver?: number
  /** Only calls that cost more than this, in billionths of the currency. */
  readonly costOverNano?: number
  /** Only calls that took longer than this, in milliseconds. */
  readonly durationOverMs?: number
}

export interface UsageQuery extends RecordFilter {
  /**
   * IANA name of the zone of days, months and hours. Default: UTC. Another one needs `fromMs` and `toMs`; an hour that
   * a clock set back repeats is one line.
   */
  readonly timeZone?: string
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
  /** One value per dimension, in the order of the query; null where records have none. Caller: the display name. */
  readonly keys: readonly (string | null)[]
  /** Immutable key of the caller; null when `caller` is not among the dimensions. */
  readonly callerKey: string | null
  readonly calls: number
  readonly completed: number
  readonly refused: number
  readonly failed: number
  readonly aborted: number
  readonly interrupted: number
  /** Calls whose tokens were counted or bounded here, not reported by the backend. */
  readonly countedCalls: number
  /** Calls that the gateway sent by itself. They are also in all other figures, because they are billed. */
  readonly copies: number
  /** Sums of the calls with a price, one per currency, in the order of their names; empty where no call had a price. */
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
  /** A beginning or an end of the id, in lower case. */
  readonly idPart?: string
  /** 1..1000, default 50. */
  readonly limit?: number
  /** Last id of the previous page: the answer has older records. */
  readonly before?: string
  /** For a tail: the answer has the records that were *loaded* after this cursor, oldest first. */
  readonly after?: string
}

export interface RecordsPage {
  readonly records: readonly RecordRow[]
  /** To be passed as `before` for the next page; null at the end. */
  readonly next: string | null
  /** To be passed as `after` for records that come after this answer. */
  readonly cursor: string
}

/** A `RecordRow` as JSON: the thread that reads it writes the text, and the main thread has less to do. */
export interface FollowedRecord {
  readonly json: string
  /** To go on after this record. */
  readonly cursor: string
}

/** Records in the order in which they were loaded, for whoever follows them. */
export interface FollowedPage {
  readonly records: readonly FollowedRecord[]
  /** To go on after this page. */
  readonly cursor: string
}

/**
 * Usage of one group of calls, by workload, caller, deployment and instance. After a restart, the counters of limits
 * begin with it.
 */
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
