import type { DuckDBValue } from '@duckdb/node-api'
import type { RecordFilter } from '../../reports.ts'
import { type Archive, ofDays, rowsSource } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { modelSql, rollupFigures, rollupKeys } from '../rollups.ts'
import { type Conditions, conditionsOf, needsRows } from './filter.ts'

const hourMs = 3_600_000

/** The archives that there are, and their directory. */
export interface Archives {
  readonly directory: string
  readonly files: readonly Archive[]
}

/** SQL with the columns of rollups (`rollupKeys`, `rollupFigures`), and its values. */
export interface Sums {
  readonly sql: string
  readonly values: DuckDBValue[]
}

/**
 * The sums of the records that match a filter: of whole hours from the rollups, of the rest from the rows. What rollups
 * do not have, as copies of one exchange, comes from the rows alone.
 * @param apart hours, counted from 1970, of which each row is needed by itself; `every` for all.
 */
export function sumsOf(
  filter: RecordFilter,
  names: Dictionaries,
  archives: Archives,
  apart: 'every' | readonly number[] = [],
): Sums {
  const values: DuckDBValue[] = []
  const branches: string[] = []
  const rows = (fromMs: number | undefined, toMs: number | undefined, hours: readonly number[] = []): void => {
    const source = rowsSource(archives.directory, ofDays(archives.files, fromMs, toMs))
    const conditions = conditionsOf(withTimes(filter, fromMs, toMs), names, modelSql, values)
    if (hours.length > 0) conditions.addAny([`start_hour IN (${hours.join(', ')})`])
    branches.push(rowsSql(conditions, source))
  }
  const { fromMs, toMs } = filter
  const fromHour = fromMs === undefined ? Number.NEGATIVE_INFINITY : Math.ceil(fromMs / hourMs)
  const toHour = toMs === undefined ? Number.POSITIVE_INFINITY : Math.floor(toMs / hourMs)
  if (needsRows(filter) || apart === 'every' || fromHour >= toHour) rows(fromMs, toMs)
  else {
    const hours = apart.filter(hour => fromHour <= hour && hour < toHour)
    branches.push(rollupsSql(filter, names, values, { fromHour, toHour, without: hours }))
    if (hours.length > 0) rows(fromHour * hourMs, toHour * hourMs, hours)
    if (fromMs !== undefined && fromMs < fromHour * hourMs) rows(fromMs, fromHour * hourMs)
    if (toMs !== undefined && toMs > toHour * hourMs) rows(toHour * hourMs, toMs)
  }
  return { sql: branches.join(' UNION ALL '), values }
}

function withTimes(filter: RecordFilter, fromMs: number | undefined, toMs: number | undefined): RecordFilter {
  const { fromMs: _, toMs: __, ...rest } = filter
  return { ...rest, ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) }
}

function rowsSql({ where }: Conditions, source: string): string {
  const columns = [...rollupKeys, ...rollupFigures].map(({ name, sql }) => `${sql} AS ${name}`)
  return `SELECT ${columns.join(', ')} FROM ${source} ${where}`
}

/** Counted from 1970; the end is not included. */
interface Hours {
  readonly fromHour: number
  readonly toHour: number
  readonly without: readonly number[]
}

function rollupsSql(
  filter: RecordFilter,
  names: Dictionaries,
  values: DuckDBValue[],
  { fromHour, toHour, without }: Hours,
): string {
  const conditions = conditionsOf(withTimes(filter, undefined, undefined), names, 'model', values)
  if (Number.isFinite(fromHour)) conditions.add('start_hour >= ?', fromHour)
  if (Number.isFinite(toHour)) conditions.add('start_hour < ?', toHour)
  if (without.length > 0) conditions.addAny([`start_hour NOT IN (${without.join(', ')})`])
  return `SELECT ${[...rollupKeys, ...rollupFigures].map(({ name }) => name).join(', ')} FROM rollups ${conditions.where}`
}
