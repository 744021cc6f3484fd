/** Figures of reports and series: the SQL that computes them over sums (sums.ts), and their values. */
import type { DuckDBValue } from '@duckdb/node-api'
import { outcomes } from '../../record.ts'
import {
  type CostSum,
  type GroupedField,
  groupedFields,
  summedFields,
  type UsageDimension,
  type UsageReport,
} from '../../reports.ts'
import type { Dictionaries } from '../names.ts'
import { columnNameOf } from '../schema.ts'

/** SQL that a dimension groups by, and the text of a group's value. */
export interface DimensionFacts {
  readonly sql: string
  readonly show: (value: number, names: Dictionaries) => string | null
}

const named = (column: string, dictionary = column): DimensionFacts => ({
  sql: column,
  show: (code, names) => names.groupOf(dictionary, code),
})
const time = (sql: string, show: (value: number) => string): DimensionFacts => ({ sql, show })
const iso = (ms: number): string => new Date(ms).toISOString()

export const dimensions: Record<UsageDimension, DimensionFacts> = {
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

export type Total = UsageReport['total']
type FigureName = Exclude<keyof Total, 'costs'>

/** A figure of a report's line, and the SQL that computes it for a group. */
interface Figure {
  readonly name: FigureName
  readonly sql: string
}

/** Columns of a question over sums, and how their cells are read. */
export interface FigureColumns {
  readonly sql: readonly string[]
  /** @param cells those of the columns, in their order. */
  read(cells: readonly DuckDBValue[]): Total
  /** Of several groups together. A second grouping in the query would cost as much as the first. */
  join(groups: readonly Total[]): Total
}

export function figureColumns(names: Dictionaries): FigureColumns {
  const figures = figuresOf(names)
  const currencies = names.codes('currency')
  return {
    sql: [
      ...figures.map(({ sql }) => sql),
      ...currencies.map(currency => `sum(cost_nano) FILTER (currency = ${currency})`),
    ],
    read(cells) {
      const costs = currencies.map((currency, index) => ({
        nano: Number(cells[figures.length + index] ?? 0),
        currency: names.textOf('currency', currency) ?? '',
      }))
      return { ...valuesOf(figures, at => cells[at] ?? null), costs: summed(costs) }
    },
    join: groups => joined(groups, figures),
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

/** One sum per currency, by its name. */
function summed(costs: readonly CostSum[]): CostSum[] {
  const byCurrency = new Map<string, number>()
  for (const { nano, currency } of costs) {
    if (nano > 0) byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + nano)
  }
  return [...byCurrency].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, nano]) => ({ nano, currency }))
}

function joined(lines: readonly Total[], figures: readonly Figure[]): Total {
  const sum = (value: (line: Total) => number): number => lines.reduce((all, line) => all + value(line), 0)
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
