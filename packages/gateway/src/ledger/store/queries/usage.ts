import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { QuestionError } from '../../index.ts'
import { outcomes } from '../../record.ts'
import {
  type CostSum,
  type GroupedField,
  groupedFields,
  summedFields,
  type UsageDimension,
  type UsageLine,
  type UsageQuery,
  type UsageReport,
  usageDimensions,
} from '../../reports.ts'
import { readArchives } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { columnNameOf } from '../schema.ts'
import { inSnapshot } from '../transaction.ts'
import { type Archives, sumsOf } from './sums.ts'

/** SQL that a dimension groups by, and the text of a group's value. */
interface DimensionFacts {
  readonly sql: string
  readonly show: (value: number, names: Dictionaries) => string | null
}

const named = (column: string, dictionary = column): DimensionFacts => ({
  sql: column,
  show: (code, names) => names.groupOf(dictionary, code),
})
const time = (sql: string, show: (value: number) => string): DimensionFacts => ({ sql, show })
const iso = (ms: number): string => new Date(ms).toISOString()

const dimensions: Record<UsageDimension, DimensionFacts> = {
  ...(Object.fromEntries(groupedFields.map(name => [name, named(columnNameOf(name))])) as Record<
    GroupedField,
    DimensionFacts
  >),
  caller: named('caller_key'),
  model: named('model'),
  copy: named('copy_kind'),
  hour: time('start_hour', hour => `${iso(hour * 3_600_000).slice(0, 13)}:00Z`),
  day: time('start_day', day => iso(day * 86_400_000).slice(0, 10)),
  month: time('start_month', month => iso(Date.UTC(1970, month)).slice(0, 7)),
}

/** Most lines of a report. A million lines took 1.2 GB of memory. */
const linesMax = 20_000

type Total = UsageReport['total']
type FigureName = Exclude<keyof Total, 'costs'>

/** A figure of a report's line, and the SQL that computes it for a group. */
interface Figure {
  readonly name: FigureName
  readonly sql: string
}

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
  const sums = sumsOf(query, names, archives)
  const currencies = names.codes('currency')
  const figures = figuresOf(names)
  const columns = [
    ...figures.map(({ sql }) => sql),
    ...currencies.map(currency => `sum(cost_nano) FILTER (currency = ${currency})`),
    ...(by.includes('caller') ? [callerNameSql] : []),
  ]
  const keys = by.map((_, index) => `k${index}`)
  const sql = `
    SELECT ${keys.join(', ')}, ${columns.join(', ')}
    FROM (SELECT *, ${by.map((dimension, index) => `${dimensions[dimension].sql} AS k${index}`).join(', ')}
          FROM (${sums.sql}))
    GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')} LIMIT ${linesMax + 1}`
  const result = await connection.runAndReadAll(sql, sums.values)
  if (result.currentRowCount > linesMax) {
    throw new QuestionError(
      `This report has more than ${linesMax} lines. Ask for a shorter time, fewer dimensions, or one workload or caller.`,
    )
  }
  const lines = result.getRows().map(cells => lineOf(cells, by, figures, currencies, names))
  return { by, lines, total: totalOf(lines, figures) }
}

function checkDimensions(by: readonly UsageDimension[]): void {
  if (by.length === 0 || new Set(by).size !== by.length || by.some(one => !usageDimensions.includes(one))) {
    throw new QuestionError(`by must name at least one of ${usageDimensions.join(', ')}, each at most once.`)
  }
}

/** The figures, in the order of the query's columns. */
function figuresOf(names: Dictionaries): readonly Figure[] {
  const code = (name: string): number => names.find('outcome', name) ?? -1
  return [
    { name: 'calls', sql: 'sum(calls)' },
    ...outcomes.map(outcome => ({ name: outcome, sql: `sum(calls) FILTER (outcome = ${code(outcome)})` })),
    ...summedFields.map(field => ({ name: field.name as FigureName, sql: `sum(${columnNameOf(field.name)})` })),
    { name: 'countedCalls', sql: 'sum(estimated)' },
    { name: 'averageDurationMs', sql: 'CASE WHEN sum(timed) > 0 THEN sum(duration_ms) / sum(timed) END' },
    { name: 'copies', sql: 'sum(records) FILTER (copy_kind > 0)' },
    { name: 'unpricedCalls', sql: 'sum(unpriced)' },
  ]
}

const callerNameSql = 'arg_max(caller_name, newest_ms) FILTER (caller_name > 0)'

function lineOf(
  cells: readonly DuckDBValue[],
  by: readonly UsageDimension[],
  figures: readonly Figure[],
  currencies: readonly number[],
  names: Dictionaries,
): UsageLine {
  const callerAt = by.indexOf('caller')
  const texts = by.map((dimension, index) => dimensions[dimension].show(Number(cells[index]), names))
  const callerKey = callerAt === -1 ? null : (texts[callerAt] ?? null)
  if (callerAt !== -1 && callerKey !== null) {
    texts[callerAt] = names.textOf('caller_name', Number(cells.at(-1) ?? 0)) ?? callerKey
  }
  const costsAt = by.length + figures.length
  const costs = currencies.map((currency, index) => ({
    nano: Number(cells[costsAt + index] ?? 0),
    currency: names.textOf('currency', currency) ?? '',
  }))
  return { keys: texts, callerKey, ...valuesOf(figures, at => cells[by.length + at] ?? null), costs: summed(costs) }
}

/** One sum per currency, by its name. */
function summed(costs: readonly CostSum[]): CostSum[] {
  const byCurrency = new Map<string, number>()
  for (const { nano, currency } of costs) {
    if (nano > 0) byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + nano)
  }
  return [...byCurrency].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, nano]) => ({ nano, currency }))
}

/** Summed here: a second grouping in the query costs as much as the first. */
function totalOf(lines: readonly UsageLine[], figures: readonly Figure[]): Total {
  const sum = (value: (line: UsageLine) => number): number => lines.reduce((all, line) => all + value(line), 0)
  const total = valuesOf(figures, at => sum(line => line[figures[at]?.name ?? 'calls'] ?? 0))
  const durationMs = sum(line => (line.averageDurationMs ?? 0) * line.calls)
  return {
    ...total,
    averageDurationMs: total.calls === 0 ? null : durationMs / total.calls,
    costs: summed(lines.flatMap(line => line.costs)),
  }
}

/** The figures by their names. A sum of nothing is 0, an average of nothing null. */
function valuesOf(figures: readonly Figure[], cellOf: (at: number) => DuckDBValue): Omit<Total, 'costs'> {
  const values: Partial<Record<FigureName, number | null>> = {}
  for (const [at, { name }] of figures.entries()) {
    const cell = cellOf(at)
    values[name] = cell === null && name === 'averageDurationMs' ? null : Number(cell ?? 0)
  }
  return values as Omit<Total, 'costs'>
}
