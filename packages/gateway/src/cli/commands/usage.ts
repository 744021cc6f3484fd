import { Command, InvalidArgumentError, Option } from 'commander'
import { csvLine } from '../../csv.ts'
import { summedFields, type UsageDimension, type UsageReport, usageDimensions } from '../../ledger/reports.ts'
import { type SeriesStep, seriesSteps } from '../../ledger/series.ts'
import type { CliContext } from '../context.ts'
import type { AdminQuery } from '../reach/admin-client.ts'
import { costCellsWithSum, costColumns, unpricedNote } from '../terminal/costs.ts'
import { spokenPeriod } from '../terminal/periods.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import {
  addFilterOptions,
  addReaderOptions,
  filterQuery,
  formatOf,
  type ReaderOptions,
  widthOf,
  withPeriod,
} from './filters.ts'
import {
  calendarUnlessNamed,
  ledgerOption,
  type ReportSource,
  type SourceOptions,
  withSource,
} from './report-source.ts'
import { noName, noNameNotes, periodFacts, periodIn, provisionedNote } from './usage-notes.ts'
import { oneDimension, showSeries } from './usage-over.ts'

interface UsageOptions extends ReaderOptions, SourceOptions {
  readonly by?: readonly UsageDimension[]
  readonly over?: SeriesStep
  readonly total?: true
}

const byUnlessAsked: readonly UsageDimension[] = ['workload']

/** `gatehouse usage`: calls and tokens, broken down. */
export function usageCommand(context: CliContext): Command {
  const command = new Command('usage')
    .summary('calls, tokens and cost by workload, caller, model, day, ...')
    .description('Calls, tokens and cost from the ledger, broken down, of this month unless another period is named.')
    .option(
      '--by <dimensions...>',
      `what to break down by, one or more of ${usageDimensions.join(', ')} (default: ${byUnlessAsked})`,
      dimensionsOf,
    )
    .addOption(new Option('--over <step>', 'figures over time, in steps of this length').choices(seriesSteps))
    .option('--total', 'in csv, a last line with the sums')
    .option(...ledgerOption)
  addReaderOptions(addFilterOptions(command, 'this month'))
  return command.action(async (options: UsageOptions) => {
    const asked = await zonedOptions(context, options)
    const filters = filterQuery(asked, context)
    await withSource(context, options, source =>
      asked.over === undefined
        ? showUsage(context, source, filters, asked)
        : showSeries(context, source, filters, { ...asked, over: asked.over, by: oneDimension(asked.by) }),
    )
  })
}

type Zoned = UsageOptions & { readonly timeZone: string }

/** A stopped ledger knows no limits, so its days are those of UTC, and its years begin in January, unless told. */
async function zonedOptions(context: CliContext, options: UsageOptions): Promise<Zoned> {
  const zoned = options.ledger === undefined ? options : { ...calendarUnlessNamed, ...options }
  return withPeriod<UsageOptions>(context, zoned, { month: 'this' }, true)
}

/** Values of `--by` with commas, spaces, or the option repeated. */
function dimensionsOf(text: string, earlier: readonly UsageDimension[] = []): UsageDimension[] {
  const names = [...earlier, ...text.split(',').map(name => name.trim())]
  const known = names.filter((name): name is UsageDimension => usageDimensions.some(dimension => dimension === name))
  if (known.length < names.length)
    throw new InvalidArgumentError(`Expected one or more of ${usageDimensions.join(', ')}.`)
  if (new Set(known).size < known.length) throw new InvalidArgumentError('A dimension is named more than once.')
  return known
}

async function showUsage(
  context: CliContext,
  source: ReportSource,
  filters: AdminQuery,
  options: Zoned,
): Promise<void> {
  const { by = byUnlessAsked, timeZone } = options
  const report = await source.usage({ filters, by, timeZone })
  const { stdout } = context
  const format = formatOf(options, context)
  if (format === 'json') stdout.write(`${jsonText({ period: periodFacts(filters, options, context), ...report }, 2)}\n`)
  else if (format === 'csv') stdout.write(usageCsv(report, options.total === true))
  else {
    const head = `Usage ${spokenPeriod(periodIn(filters), timeZone, context.clock())}\n\n`
    const table = usageTable(report, widthOf(context))
    const notes = options.ledger === undefined ? await provisionedNote(context, source, filters, options) : ''
    stdout.write(head + table + notes)
  }
}

type FigureKey = Exclude<keyof UsageReport['total'], 'costs'>

/** Figures in the order of the table; `leaves` as in table.ts. */
const figures: readonly (TableColumn & { readonly key: FigureKey })[] = [
  { key: 'calls', title: 'calls' },
  { key: 'completed', title: 'completed', leaves: 8 },
  { key: 'refused', title: 'refused', leaves: 4 },
  { key: 'failed', title: 'failed', leaves: 5 },
  { key: 'aborted', title: 'aborted', leaves: 6 },
  { key: 'interrupted', title: 'interrupted', leaves: 14 },
  ...summedFields.map(({ name, list, sumLeaves }) => ({
    key: name as FigureKey,
    title: list?.title ?? name.replace(/Tokens$/, ''),
    ...(sumLeaves === undefined ? {} : { leaves: sumLeaves }),
  })),
  { key: 'countedCalls', title: 'counted calls', leaves: 13 },
  { key: 'averageDurationMs', title: 'avg ms', leaves: 7 },
  { key: 'copies', title: 'copies', leaves: 15 },
  // The cost of such a line has a `?`, and a note below the table says how many there are.
  { key: 'unpricedCalls', title: 'unpriced', leaves: 12 },
]

function usageTable(report: UsageReport, width: number | null): string {
  if (report.lines.length === 0) return 'No calls in this period.\n'
  const columns: TableColumn[] = [
    ...report.by.map(dimension => ({ title: dimension, cutTo: 16 })),
    ...figures.map(({ title, leaves }) => ({
      title,
      align: 'right' as const,
      ...(leaves === undefined ? {} : { leaves }),
    })),
    { title: 'cost', align: 'right', leaves: 1 },
  ]
  const costs = costCellsWithSum(report.lines, report.total)
  const cells = (keys: readonly (string | null)[], line: UsageReport['total'], cost: string): string[] => [
    ...keys.map(key => key ?? noName),
    ...figures.map(({ key }) => figure(line[key])),
    cost,
  ]
  const foot = cells(['total', ...report.by.slice(1).map(() => '')], report.total, costs.total)
  return (
    renderTable(
      columns,
      report.lines.map((line, at) => cells(line.keys, line, costs.lines[at] ?? '')),
      width,
      foot,
    ) +
    noNameNotes(report) +
    unpricedNote(report.total.unpricedCalls)
  )
}

/**
 * Amounts are exact.
 * @param withTotal adds a line of sums, with `total` in its first column; without it, sums over the file are right.
 */
function usageCsv({ by, lines, total }: UsageReport, withTotal: boolean): string {
  const withCaller = by.includes('caller')
  const costs = costColumns([total])
  const head = [...by, ...(withCaller ? ['callerKey'] : []), ...figures.map(({ key }) => key), ...costs.titles]
  const figureCell = (line: UsageReport['total'], key: FigureKey): number | null => {
    const value = line[key]
    return key === 'averageDurationMs' && value !== null ? Math.round(value) : value
  }
  const cells = (keys: readonly (string | null)[], callerKey: string | null, line: UsageReport['total']): string =>
    csvLine([
      ...keys,
      ...(withCaller ? [callerKey] : []),
      ...figures.map(({ key }) => figureCell(line, key)),
      ...costs.cells(line),
    ])
  const sums = withTotal ? cells(['total', ...by.slice(1).map(() => null)], null, total) : ''
  return csvLine(head) + lines.map(line => cells(line.keys, line.callerKey, line)).join('') + sums
}
