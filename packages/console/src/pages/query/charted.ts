/** What of a result can be drawn, and how. */
import type { Line } from '../../parts/chart/options.ts'
import type { QueryResult, ResultColumn, Value } from './query.ts'
import { figureOf, instantOf, isNumber, isTime, valueText } from './values.ts'

/** Lines of one chart, as many as there are colours. */
const linesMax = 8
/** Bars of one chart. */
const barsMax = 50

export type Charted =
  | { readonly kind: 'lines'; readonly timesMs: readonly number[]; readonly lines: readonly Line[] }
  | { readonly kind: 'bars'; readonly bars: readonly Bar[] }

export interface Bar {
  readonly name: string
  readonly value: number
  /** Of the largest one, 0 to 1. */
  readonly share: number
  /** With all its digits. */
  readonly exact: string
}

/** Columns of numbers after the first column. */
export function drawnColumns({ columns }: QueryResult): readonly { readonly at: number; readonly name: string }[] {
  return columns.flatMap((column, at) => (at > 0 && isNumber(column) ? [{ at, name: column.name }] : []))
}

/**
 * Times in the first column make lines: one for each column of numbers, or where there is one of names too, one for
 * each name. Names make bars. Null where there is nothing to draw.
 * @param at the column of numbers that is drawn, where only one can be.
 */
export function chartedOf(result: QueryResult, at: number | undefined): Charted | null {
  const [first] = result.columns
  const drawn = drawnColumns(result)
  const chosen = drawn.find(column => column.at === at) ?? drawn[0]
  if (first === undefined || chosen === undefined || result.rows.length === 0) return null
  if (!isTime(first)) return bars(result, chosen.at)
  const names = result.columns.findIndex((column, index) => index > 0 && isName(column))
  return names === -1 ? columnLines(result, drawn) : nameLines(result, names, chosen.at)
}

const isName = ({ type }: ResultColumn): boolean => type === 'VARCHAR'

function bars({ rows, columns }: QueryResult, at: number): Charted | null {
  const names = columns.flatMap((column, index) => (isNumber(column) && index > 0 ? [] : [index]))
  const shown = rows.slice(0, barsMax).flatMap(row => {
    const value = figureOf(row[at] ?? null)
    const name = names.map(index => valueText(row[index] ?? null)).join(', ')
    return value === null ? [] : [{ name, value, exact: valueText(row[at] ?? null) }]
  })
  const most = Math.max(0, ...shown.map(({ value }) => value))
  const shares = shown.map(bar => ({ ...bar, share: most === 0 ? 0 : Math.max(0, bar.value) / most }))
  return shares.length === 0 ? null : { kind: 'bars', bars: shares }
}

/** Rows in the order of their times. */
function timed(rows: readonly (readonly Value[])[]) {
  return rows
    .flatMap(row => {
      const ms = instantOf(row[0] ?? null)
      return ms === null ? [] : [{ ms, row }]
    })
    .sort((one, other) => one.ms - other.ms)
}

function columnLines({ rows }: QueryResult, drawn: ReturnType<typeof drawnColumns>): Charted | null {
  const all = timed(rows)
  if (all.length === 0) return null
  const lines = drawn.slice(0, linesMax).map(({ at, name }, index) => ({
    ...{ label: name, colour: index + 1 },
    values: all.map(({ row }) => figureOf(row[at] ?? null)),
  }))
  return { kind: 'lines', timesMs: all.map(({ ms }) => ms), lines }
}

/** The names with the largest sums have a line each. */
function nameLines({ rows }: QueryResult, names: number, at: number): Charted | null {
  const all = timed(rows)
  const timesMs = [...new Set(all.map(({ ms }) => ms))]
  const index = new Map(timesMs.map((ms, step) => [ms, step]))
  const byName = new Map<string, { sum: number; readonly values: (number | null)[] }>()
  for (const { ms, row } of all) {
    const name = valueText(row[names] ?? null)
    const line = byName.get(name) ?? { sum: 0, values: timesMs.map(() => null) }
    byName.set(name, line)
    const value = figureOf(row[at] ?? null)
    const step = index.get(ms)
    if (value === null || step === undefined) continue
    line.sum += value
    line.values[step] = (line.values[step] ?? 0) + value
  }
  const largest = [...byName].sort(([, one], [, other]) => other.sum - one.sum).slice(0, linesMax)
  const lines = largest.map(([name, { values }], colour) => ({ label: name, values, colour: colour + 1 }))
  return timesMs.length === 0 ? null : { kind: 'lines', timesMs, lines }
}
