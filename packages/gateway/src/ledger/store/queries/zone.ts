/** Days, months and hours of a time zone, as dimensions of reports. */
import { QuestionError } from '../../index.ts'
import type { UsageDimension, UsageQuery } from '../../reports.ts'
import type { DimensionFacts } from './figures.ts'
import { daysOf, offsetsOf, type Steps } from './steps.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000

/** What a report needs where its times are not those of UTC. */
export interface Zoned {
  /** In place of the dimensions of UTC. */
  readonly dimensions: Partial<Record<UsageDimension, DimensionFacts>>
  /** Hours, counted from 1970, that the report needs row by row: within them one day or hour ends. */
  readonly apart: 'every' | readonly number[]
}

const ofUtc: Zoned = { dimensions: {}, apart: [] }

/** @throws QuestionError for a zone that there is not, or without the ends of the period. */
export function zonedOf({ by, timeZone = 'UTC', fromMs, toMs }: UsageQuery): Zoned {
  if (timeZone === 'UTC') return ofUtc
  if (fromMs === undefined || toMs === undefined) throw new QuestionError('A time zone needs both ends of a period.')
  const offsets = offsetsOf(fromMs, toMs, timeZone)
  if (!by.some(dimension => dimension in localSql)) return ofUtc
  const local = localMsSql(offsets)
  const dimensions = Object.fromEntries(
    Object.entries(localSql).map(([name, { sql, show }]) => [name, { sql: sql(local), show }]),
  )
  return { dimensions, apart: apartOf(by, offsets, { fromMs, toMs, timeZone }) }
}

/** SQL of the reading of a clock in the zone, in ms, at the newest start of a sum. */
function localMsSql(offsets: Steps['offsets']): string {
  const [first, ...later] = offsets.map(({ offsetMs }) => offsetMs)
  if (later.length === 0) return `(newest_ms + ${first ?? 0})`
  const cases = later.map(
    (_, at) => `WHEN newest_ms < ${offsets[at + 1]?.fromMs ?? 0} THEN ${offsets[at]?.offsetMs ?? 0}`,
  )
  return `(newest_ms + CASE ${cases.join(' ')} ELSE ${later.at(-1)} END)`
}

interface LocalFacts {
  readonly sql: (localMs: string) => string
  readonly show: (value: number) => string
}

const iso = (ms: number): string => new Date(ms).toISOString()

const localSql: Readonly<Record<'hour' | 'day' | 'month', LocalFacts>> = {
  hour: { sql: ms => `floor(${ms} / ${hourMs})::BIGINT`, show: hour => `${iso(hour * hourMs).slice(0, 13)}:00` },
  day: { sql: ms => `floor(${ms} / ${dayMs})::BIGINT`, show: day => iso(day * dayMs).slice(0, 10) },
  month: {
    sql: ms => `(year(epoch_ms(floor(${ms})::BIGINT)) - 1970) * 12 + month(epoch_ms(floor(${ms})::BIGINT)) - 1`,
    show: month => iso(Date.UTC(1970, month)).slice(0, 7),
  },
}

/** Sums of whole hours are of one day and one hour of the zone, unless its offset is no whole number of hours. */
function apartOf(
  by: readonly UsageDimension[],
  offsets: Steps['offsets'],
  { fromMs, toMs, timeZone }: { readonly fromMs: number; readonly toMs: number; readonly timeZone: string },
): Zoned['apart'] {
  if (offsets.every(({ offsetMs }) => offsetMs % hourMs === 0)) return []
  if (by.includes('hour')) return 'every'
  const edges = [...daysOf(fromMs, toMs, timeZone), ...offsets.slice(1).map(offset => offset.fromMs)]
  return [...new Set(edges.filter(ms => ms % hourMs !== 0).map(ms => Math.floor(ms / hourMs)))]
}
