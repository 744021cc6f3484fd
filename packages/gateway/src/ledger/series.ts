/** Figures over time: what is asked, and the answer. */
import type { RecordFilter, UsageDimension, UsageReport } from './reports.ts'

export const seriesSteps = ['minute', 'hour', 'day'] as const
export type SeriesStep = (typeof seriesSteps)[number]

/** Dimensions of a series: those of reports that are no time. */
export const seriesDimensions = [
  'workload',
  'caller',
  'instance',
  'deployment',
  'model',
  'operation',
  'outcome',
  'copy',
  'replica',
] as const satisfies readonly UsageDimension[]
export type SeriesDimension = (typeof seriesDimensions)[number]

/** Steps of a series, and its steps times its groups. */
export const seriesPointsMax = 2_000

export interface SeriesQuery extends RecordFilter {
  /** Inclusive start and exclusive end, milliseconds since the epoch. */
  readonly fromMs: number
  readonly toMs: number
  readonly step: SeriesStep
  /** IANA name of the zone that days begin in. Minutes and hours are those of UTC. */
  readonly timeZone: string
  /** Null for one line of all calls. */
  readonly by: SeriesDimension | null
  /** Groups that are shown by themselves, those with most tokens; the others are one group together. 1..50. */
  readonly top: number
}

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export type SeriesFigures = UsageReport['total'] & {
  /** From sending to the first byte, of calls that had one; null where none had. */
  readonly firstByteMs: Percentiles | null
  /** From arrival to end, of calls that were sent to a backend; null where none was. */
  readonly durationMs: Percentiles | null
}

export type SeriesGroup = SeriesFigures & {
  /** Null for records without a value, for all calls where nothing is grouped, and for the rest. */
  readonly key: string | null
  /** Immutable key of the caller; null when `by` is not `caller`. */
  readonly callerKey: string | null
  /** True for the group of all that are not shown by themselves. */
  readonly isRest: boolean
}

export type SeriesPoint = SeriesFigures & {
  /** Index in `steps`. */
  readonly step: number
  /** Index in `groups`. */
  readonly group: number
}

export interface Series {
  readonly step: SeriesStep
  readonly timeZone: string
  readonly by: SeriesDimension | null
  /** Start of each step, milliseconds since the epoch. The first may begin before the period, the last end after it. */
  readonly steps: readonly number[]
  /** Those with most tokens first, the rest last. */
  readonly groups: readonly SeriesGroup[]
  /** Only those with calls. */
  readonly points: readonly SeriesPoint[]
  readonly total: SeriesFigures
  /** Percentiles are of one in so many calls; 1: of all. */
  readonly percentilesOfOneIn: number
}
