/** `gatehouse usage --over STEP`: figures over time. */
import { csvLine } from '../../csv.ts'
import type { UsageDimension } from '../../ledger/reports.ts'
import {
  type Percentiles,
  type Series,
  type SeriesDimension,
  type SeriesFigures,
  type SeriesPoint,
  type SeriesStep,
  seriesDimensions,
} from '../../ledger/series.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import type { AdminQuery } from '../reach/admin-client.ts'
import { costCellsWithSum, costColumns, unpricedNote } from '../terminal/costs.ts'
import { spokenPeriod } from '../terminal/periods.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { formatOf, type ReaderOptions, widthOf } from './filters.ts'
import type { ReportSource } from './report-source.ts'
import { noName, periodFacts, periodIn } from './usage-notes.ts'

interface OverOptions extends ReaderOptions {
  readonly over: SeriesStep
  readonly timeZone: string
  /** Null where nothing is broken down. */
  readonly by: SeriesDimension | null
}

/** The dimension of a series. @throws CliError `usage` where there are several, or one that is a time. */
export function oneDimension(by: readonly UsageDimension[] | undefined): SeriesDimension | null {
  if (by === undefined) return null
  const found = seriesDimensions.find(dimension => dimension === by[0])
  if (found === undefined || by.length > 1) {
    const what = `With --over, --by takes one of ${seriesDimensions.join(', ')}.`
    throw new CliError('usage', what, null, 'gatehouse usage --help', { exitCode: 2 })
  }
  return found
}

export async function showSeries(
  context: CliContext,
  source: ReportSource,
  filters: AdminQuery,
  options: OverOptions,
): Promise<void> {
  const { over: step, by, timeZone } = options
  const series = await source.series({ filters, step, by, timeZone })
  const format = formatOf(options, context)
  const period = periodFacts(filters, options, context)
  if (format === 'json') context.stdout.write(`${jsonText({ period, ...series }, 2)}\n`)
  else if (format === 'csv') context.stdout.write(csvOf(series))
  else {
    const head = `Usage ${spokenPeriod(periodIn(filters), timeZone, context.clock())}\n\n`
    context.stdout.write(head + textOf(series, widthOf(context)))
  }
}

interface FigureColumn extends TableColumn {
  readonly name: string
  readonly value: (line: SeriesFigures) => number | null
}

const count = (name: keyof SeriesFigures & ('calls' | 'refused' | 'failed' | 'totalTokens'), column: TableColumn) => ({
  ...{ name, ...column },
  value: (line: SeriesFigures): number => line[name],
})
const time = (of: 'firstByteMs' | 'durationMs', part: keyof Percentiles, column: TableColumn) => ({
  ...{ name: `${of}.${part}`, ...column },
  value: (line: SeriesFigures): number | null => line[of]?.[part] ?? null,
})

/** `leaves` as in table.ts. */
const columns: readonly FigureColumn[] = [
  count('calls', { title: 'calls' }),
  count('refused', { title: 'refused', leaves: 4 }),
  count('failed', { title: 'failed', leaves: 3 }),
  count('totalTokens', { title: 'tokens' }),
  time('firstByteMs', 'p50', { title: 'first byte p50', leaves: 5 }),
  time('firstByteMs', 'p95', { fullTitle: 'first byte p95', title: 'p95', leaves: 6 }),
  time('firstByteMs', 'p99', { fullTitle: 'first byte p99', title: 'p99', leaves: 8 }),
  time('durationMs', 'p50', { title: 'ms p50', leaves: 1 }),
  time('durationMs', 'p95', { fullTitle: 'ms p95', title: 'p95', leaves: 2 }),
  time('durationMs', 'p99', { fullTitle: 'ms p99', title: 'p99', leaves: 7 }),
]

function textOf(series: Series, width: number | null): string {
  if (series.points.length === 0) return 'No calls in this period.\n'
  const group: readonly TableColumn[] = series.by === null ? [] : [{ title: series.by, cutTo: 16 }]
  const layout: readonly TableColumn[] = [
    { title: series.step === 'day' ? `day (${series.timeZone})` : `${series.step} (UTC)` },
    ...group,
    ...columns.map(column => ({ ...column, align: 'right' as const })),
    { title: 'cost', align: 'right', leaves: 0 },
  ]
  const costs = costCellsWithSum(series.points, series.total)
  const cells = (line: SeriesFigures, cost = ''): string[] => [...columns.map(({ value }) => figure(value(line))), cost]
  const rows = series.points.map((point, at) => [...keysOf(series, point), ...cells(point, costs.lines[at])])
  const foot = ['total', ...group.map(() => ''), ...cells(series.total, costs.total)]
  return renderTable(layout, rows, width, foot) + unpricedNote(series.total.unpricedCalls)
}

/** Start of the step, and the group where there is one. */
function keysOf(series: Series, { step, group }: SeriesPoint): string[] {
  const startMs = series.steps[step] ?? 0
  const start =
    series.step === 'day'
      ? Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO(series.timeZone).toPlainDate().toString()
      : new Date(startMs).toISOString().slice(0, 16).replace('T', ' ')
  const of = series.groups[group]
  return series.by === null ? [start] : [start, of?.isRest === true ? '(others)' : (of?.key ?? noName)]
}

function csvOf(series: Series): string {
  const costs = costColumns([series.total])
  const titles = [...columns.map(({ name }) => name), ...costs.titles]
  const head = csvLine([series.step, ...(series.by === null ? [] : [series.by]), ...titles])
  const lines = series.points.map(point =>
    csvLine([...keysOf(series, point), ...columns.map(({ value }) => value(point)), ...costs.cells(point)]),
  )
  return head + lines.join('')
}
