/** Figures over time. Sums of whole hours come from the rollups, percentiles from the rows. */
import { type DuckDBConnection, DuckDBListValue, type DuckDBValue } from '@duckdb/node-api'
import { QuestionError } from '../../index.ts'
import {
  type Percentiles,
  type Series,
  type SeriesDimension,
  type SeriesFigures,
  type SeriesGroup,
  type SeriesPoint,
  type SeriesQuery,
  seriesPointsMax,
} from '../../series.ts'
import { ofDays, readArchives, rowsSource } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { modelSql, rollupKeys } from '../rollups.ts'
import { inSnapshot } from '../transaction.ts'
import { dimensions, figureColumns, type Total } from './figures.ts'
import { conditionsOf } from './filter.ts'
import { type Steps, stepsOf } from './steps.ts'
import { type Archives, sumsOf } from './sums.ts'
import { callerNameSql } from './usage.ts'

/** @param directory of the archives. */
export async function series(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: SeriesQuery,
  directory: string,
): Promise<Series> {
  const steps = stepsOf(query)
  const top = Math.min(query.top, Math.floor(seriesPointsMax / steps.startsMs.length) - 1)
  if (query.by !== null && top < 1) {
    throw new QuestionError(
      `A series that is broken down has at most ${seriesPointsMax / 2} steps; this one has ${steps.startsMs.length}. Ask for a shorter time or longer steps.`,
    )
  }
  return inSnapshot(connection, async () => {
    const archives = { directory, files: await readArchives(connection) }
    const asked: Asked = { connection, names, query, steps, archives }
    const groups = await groupsOf(asked, top)
    const points = await pointsOf(asked, groups)
    const oneIn = sampleOf(groups.total.calls)
    const times = await percentilesOf(asked, groups, oneIn)
    return {
      ...{ step: query.step, timeZone: query.timeZone, by: query.by, steps: steps.startsMs },
      groups: groups.list.map(({ facts, total }, at) => ({ ...facts, ...total, ...times(null, at) })),
      points: points.map(({ step, group, total }) => ({ step, group, ...total, ...times(step, group) })),
      total: { ...groups.total, ...times(null, null) },
      percentilesOfOneIn: oneIn,
    }
  })
}

interface Asked {
  readonly connection: DuckDBConnection
  readonly names: Dictionaries
  readonly query: SeriesQuery
  readonly steps: Steps
  readonly archives: Archives
}

interface Groups {
  readonly list: readonly { readonly facts: Omit<SeriesGroup, keyof SeriesFigures>; readonly total: Total }[]
  readonly total: Total
  /** SQL of a group's index in `list`. @param column SQL of the dimension. */
  indexSql(column: string): string
}

/** The groups that are shown, and the rest as one. */
async function groupsOf({ connection, names, query, archives }: Asked, top: number): Promise<Groups> {
  const { by } = query
  const sums = sumsOf(query, names, archives)
  const figures = figureColumns(names)
  const key = by === null ? '0' : dimensions[by].sql
  const columns = [key, by === 'caller' ? callerNameSql : '0', ...figures.sql]
  const grouped = by === null ? '' : `GROUP BY ${key}`
  const found = await connection.runAndReadAll(
    `SELECT ${columns.join(', ')} FROM (${sums.sql}) ${grouped} ORDER BY coalesce(sum(total_tokens), 0) DESC, sum(calls) DESC, ${by === null ? '1' : key}`,
    sums.values,
  )
  const lines = found.getRows().map(([code, name, ...cells]) => ({
    code: Number(code),
    facts: { ...nameOf(by, Number(code), Number(name ?? 0), names), isRest: false },
    total: figures.read(cells),
  }))
  const total = figures.join(lines.map(line => line.total))
  if (by === null || lines.length === 0) return { list: lines, total, indexSql: () => '0' }
  const shown = lines.slice(0, top)
  const others = lines.slice(top).map(line => line.total)
  const rest = { facts: { key: null, callerKey: null, isRest: true }, total: figures.join(others) }
  return {
    list: others.length === 0 ? shown : [...shown, rest],
    total,
    indexSql: column =>
      `CASE ${column} ${shown.map(({ code }, at) => `WHEN ${code} THEN ${at}`).join(' ')} ELSE ${shown.length} END`,
  }
}

function nameOf(by: SeriesDimension | null, code: number, callerName: number, names: Dictionaries) {
  if (by === null) return { key: null, callerKey: null }
  const key = dimensions[by].show(code, names)
  if (by !== 'caller' || key === null) return { key, callerKey: null }
  return { key: names.textOf('caller_name', callerName) ?? key, callerKey: key }
}

/** SQL of the number of a moment's step. @param ms SQL of the moment. */
function numberSql({ offsets, stepMs }: Steps, ms: string): string {
  const [first, ...later] = offsets.map(({ offsetMs }) => offsetMs)
  const cases = later.map((_, at) => `WHEN ${ms} < ${offsets[at + 1]?.fromMs ?? 0} THEN ${offsets[at]?.offsetMs ?? 0}`)
  const offset = later.length === 0 ? (first ?? 0) : `CASE ${cases.join(' ')} ELSE ${later.at(-1)} END`
  return `floor((${ms} + ${offset}) / ${stepMs})::BIGINT`
}

interface Point {
  readonly step: number
  readonly group: number
  readonly total: Total
}

async function pointsOf(
  { connection, names, query, steps, archives }: Asked,
  groups: Groups,
): Promise<readonly Point[]> {
  const sums = sumsOf(query, names, archives, steps.dividedHours)
  const figures = figureColumns(names)
  const group = groups.indexSql(query.by === null ? '' : dimensions[query.by].sql)
  // The newest start of an hour's sum is in the same step as all others, unless steps divide the hour: then the sum is
  // of one row.
  const found = await connection.runAndReadAll(
    `SELECT n, g, ${figures.sql.join(', ')}
     FROM (SELECT *, ${numberSql(steps, 'newest_ms')} AS n, ${group} AS g FROM (${sums.sql})) GROUP BY n, g ORDER BY n, g`,
    sums.values,
  )
  return found.getRows().map(([number, index, ...cells]) => ({
    step: indexOf(steps, number ?? null),
    group: Number(index),
    total: figures.read(cells),
  }))
}

function indexOf({ indexByNumber }: Steps, number: DuckDBValue): number {
  const index = indexByNumber.get(Number(number))
  if (index === undefined) throw new RangeError(`The step ${Number(number)} is not one of the series.`)
  return index
}

/** Percentiles of a million calls take seconds, of so many a few tenths of one. */
const exactMax = 200_000

/** How many calls there are for each one of which percentiles are. */
export function sampleOf(calls: number): number {
  return calls <= exactMax ? 1 : Math.ceil(calls / (exactMax / 2))
}

type Times = Pick<SeriesPoint, 'firstByteMs' | 'durationMs'>

/** @returns the percentiles of a step and a group; null for all steps, and all groups. */
async function percentilesOf(
  { connection, names, query, steps, archives }: Asked,
  groups: Groups,
  oneIn: number,
): Promise<(step: number | null, group: number | null) => Times> {
  const { by } = query
  const conditions = conditionsOf(query, names, modelSql)
  conditions.addAny(['sent_at_ms IS NOT NULL'])
  if (oneIn > 1) conditions.addAny([`hash(sequence) % ${oneIn} = 0`])
  const source = rowsSource(archives.directory, ofDays(archives.files, query.fromMs, query.toMs))
  const column = by === null ? '' : (rollupKeys.find(({ name }) => name === dimensions[by].sql)?.sql ?? '')
  const quantiles = (ms: string): string => `quantile_cont(${ms}, [0.5, 0.95, 0.99])`
  const found = await connection.runAndReadAll(
    `SELECT n, g, ${quantiles('first_ms')}, ${quantiles('duration_ms')}
     FROM (SELECT ${numberSql(steps, 'started_at_ms')} AS n, ${groups.indexSql(`(${column})`)} AS g,
             ${elapsed('first_byte_at_ms', 'sent_at_ms')} AS first_ms, ${elapsed('ended_at_ms', 'started_at_ms')} AS duration_ms
           FROM ${source} ${conditions.where})
     GROUP BY GROUPING SETS ((n, g), (g), ())`,
    conditions.values,
  )
  const key = (step: number | null, group: number | null): string => `${step}/${group}`
  const times = new Map<string, Times>()
  for (const [number, group, first, duration] of found.getRows()) {
    const step = number === null || number === undefined ? null : indexOf(steps, number)
    const at = key(step, group === null ? null : Number(group))
    times.set(at, { firstByteMs: percentiles(first ?? null), durationMs: percentiles(duration ?? null) })
  }
  return (step, group) => times.get(key(step, group)) ?? { firstByteMs: null, durationMs: null }
}

/** Null where there was no end; never below 0, for clocks that were set back. */
function elapsed(end: string, start: string): string {
  return `CASE WHEN ${end} < ${start} THEN 0 ELSE ${end} - ${start} END`
}

function percentiles(cell: DuckDBValue): Percentiles | null {
  if (!(cell instanceof DuckDBListValue)) return null
  const [p50, p95, p99] = cell.items.map(Number)
  return p50 === undefined || p95 === undefined || p99 === undefined ? null : { p50, p95, p99 }
}
