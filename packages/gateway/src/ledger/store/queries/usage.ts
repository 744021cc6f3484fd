import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { QuestionError } from '../../index.ts'
import {
  type UsageDimension,
  type UsageLine,
  type UsageQuery,
  type UsageReport,
  usageDimensions,
} from '../../reports.ts'
import { readArchives } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { inSnapshot } from '../transaction.ts'
import { type DimensionFacts, dimensions, type FigureColumns, figureColumns } from './figures.ts'
import { type Archives, sumsOf } from './sums.ts'
import { zonedOf } from './zone.ts'

/** Most lines of a report. A million lines took 1.2 GB of memory. */
const linesMax = 20_000

/** @param directory of the archives. */
export function usage(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: UsageQuery,
  directory: string,
): Promise<UsageReport> {
  checkDimensions(query.by)
  return inSnapshot(connection, async () =>
    report(connection, names, query, { directory, files: await readArchives(connection) }),
  )
}

async function report(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: UsageQuery,
  archives: Archives,
): Promise<UsageReport> {
  const { by } = query
  const zoned = zonedOf(query)
  const facts = { ...dimensions, ...zoned.dimensions }
  const sums = sumsOf(query, names, archives, zoned.apart)
  const figures = figureColumns(names)
  const columns = [...figures.sql, ...(by.includes('caller') ? [callerNameSql] : [])]
  const keys = by.map((_, index) => `k${index}`)
  const sql = `
    SELECT ${keys.join(', ')}, ${columns.join(', ')}
    FROM (SELECT *, ${by.map((dimension, index) => `${facts[dimension].sql} AS k${index}`).join(', ')}
          FROM (${sums.sql}))
    GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')} LIMIT ${linesMax + 1}`
  const result = await connection.runAndReadAll(sql, sums.values)
  if (result.currentRowCount > linesMax) {
    throw new QuestionError(
      `This report has more than ${linesMax} lines. Ask for a shorter time, fewer dimensions, or one workload or caller.`,
    )
  }
  const lines = result.getRows().map(cells => lineOf(cells, by, figures, { names, facts }))
  return { by, lines, total: figures.join(lines) }
}

function checkDimensions(by: readonly UsageDimension[]): void {
  if (by.length === 0 || new Set(by).size !== by.length || by.some(one => !usageDimensions.includes(one))) {
    throw new QuestionError(`by must name at least one of ${usageDimensions.join(', ')}, each at most once.`)
  }
}

/** Newest name of a caller, in a question over sums. */
export const callerNameSql = 'arg_max(caller_name, newest_ms) FILTER (caller_name > 0)'

interface Shown {
  readonly names: Dictionaries
  readonly facts: Readonly<Record<UsageDimension, DimensionFacts>>
}

function lineOf(
  cells: readonly DuckDBValue[],
  by: readonly UsageDimension[],
  figures: FigureColumns,
  { names, facts }: Shown,
): UsageLine {
  const callerAt = by.indexOf('caller')
  const texts = by.map((dimension, index) => facts[dimension].show(Number(cells[index]), names))
  const callerKey = callerAt === -1 ? null : (texts[callerAt] ?? null)
  if (callerAt !== -1 && callerKey !== null) {
    texts[callerAt] = names.textOf('caller_name', Number(cells.at(-1) ?? 0)) ?? callerKey
  }
  return { keys: texts, callerKey, ...figures.read(cells.slice(by.length)) }
}
