import type { DuckDBValue } from '@duckdb/node-api'
import type { RecordFilter } from '../../reports.ts'
import { type Archive, ofDays, rowsSource } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { modelSql, rollupFigures, rollupKeys } from '../rollups.ts'
import { type Conditions, conditionsOf } from './filter.ts'

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
 */
export function sumsOf(filter: RecordFilter, names: Dictionaries, archives: Archives): Sums {
  const values: DuckDBValue[] = []
  const branches: string[] = []
  const rows = (fromMs: number | undefined, toMs: number | undefined): void => {
    const source = rowsSource(archives.directory, ofDays(archives.files, fromMs, toMs))
    branches.push(rowsSql(conditionsOf(withTimes(filter, fromMs, toMs), names, modelSql, values), source))
  }
  const { fromMs, toMs } = filter
  const fromHour = fromMs === undefined ? Number.NEGATIVE_INFINITY : Math.ceil(fromMs / hourMs)
  const toHour = toMs === undefined ? Number.POSITIVE_INFINITY : Math.floor(toMs / hourMs)
  if (filter.copyOf !== undefined || filter.objectId !== undefined || fromHour >= toHour) rows(fromMs, toMs)
  else {
    branches.push(rollupsSql(filter, names, values, fromHour, toHour))
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

function rollupsSql(
  filter: RecordFilter,
  names: Dictionaries,
  values: DuckDBValue[],
  fromHour: number,
  toHour: number,
): string {
  const conditions = conditionsOf(withTimes(filter, undefined, undefined), names, 'model', values)
  if (Number.isFinite(fromHour)) conditions.add('start_hour >= ?', fromHour)
  if (Number.isFinite(toHour)) conditions.add('start_hour < ?', toHour)
  return `SELECT ${[...rollupKeys, ...rollupFigures].map(({ name }) => name).join(', ')} FROM rollups ${conditions.where}`
}
