import { Command, InvalidArgumentError, Option } from 'commander'
import { csvLine } from '../../csv.ts'
import {
  summedFields,
  type UsageDimension,
  type UsageLine,
  type UsageReport,
  usageDimensions,
} from '../../ledger/reports.ts'
import { type SeriesStep, seriesSteps } from '../../ledger/series.ts'
import type { CliContext } from '../context.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import { costCellsWithSum, unpricedNote } from '../terminal/costs.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { addFilterOptions, addReaderOptions, filterQuery, formatOf, type ReaderOptions, widthOf } from './filters.ts'
import { oneDimension, showSeries } from './usage-over.ts'

interface UsageOptions extends ReaderOptions {
  readonly by: readonly UsageDimension[]
  readonly over?: SeriesStep
  readonly tz: string
}

const standardFrom = '30d'

/** `gatehouse usage`: calls and tokens, broken down. */
export function usageCommand(context: CliContext): Command {
  const command = new Command('usage')
    .summary('calls, tokens and cost by workload, caller, model, day, ...')
    .description('Calls, tokens and cost from the ledger, broken down. Days and months are those of UTC.')
    .option('--by <dimensions>', `what to break down by: ${usageDimensions.join(', ')}`, dimensionsOf, ['workload'])
    .addOption(new Option('--over <step>', 'figures over time, in steps of this length').choices(seriesSteps))
    .option('--tz <zone>', 'with --over day: the time zone that days begin in, as Europe/Berlin', 'UTC')
  addReaderOptions(addFilterOptions(command, standardFrom))
  return command.action(async ({ over, ...options }: UsageOptions) => {
    if (over === undefined) return showUsage(context, options)
    const by = command.getOptionValueSource('by') === 'default' ? null : oneDimension(options.by)
    return showSeries(context, filterQuery(options, context, standardFrom), { ...options, over, by })
  })
}

function dimensionsOf(text: string): UsageDimension[] {
  const names = text.split(',').map(name => name.trim())
  const known = names.filter((name): name is UsageDimension => usageDimensions.some(dimension => dimension === name))
  if (known.length < names.length)
    throw new InvalidArgumentError(`Expected one or more of ${usageDimensions.join(', ')}.`)
  if (new Set(known).size < known.length) throw new InvalidArgumentError('A dimension is named more than once.')
  return known
}

async function showUsage(context: CliContext, options: UsageOptions): Promise<void> {
  const query: AdminQuery = { ...filterQuery(options, context, standardFrom), by: options.by.join(',') }
  const report = await askAdmin<UsageReport>(context, { path: '/api/v1/usage', query, as: options.as })
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText(report, 2)}\n`)
  else if (format === 'csv') context.stdout.write(usageCsv(report))
  else context.stdout.write(periodLine(query) + usageTable(report, widthOf(context)))
}

function periodLine({ from, to }: AdminQuery): string {
  const say = (end: string | number | undefined): string => String(end).slice(0, 16).replace('T', ' ')
  const until = to === undefined ? 'now' : say(to)
  return `Usage from ${say(from)} to ${until} (UTC)\n\n`
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
    ...keys.map(key => key ?? '(none)'),
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
    ) + unpricedNote(report.total.unpricedCalls)
  )
}

/**
 * Without a total: sums over the file stay right. Costs are billionths, a column for each currency that the report has.
 */
function usageCsv(report: UsageReport): string {
  const withCaller = report.by.includes('caller')
  const currencies = report.total.costs.map(({ currency }) => currency)
  const head = [
    ...report.by,
    ...(withCaller ? ['callerKey'] : []),
    ...figures.map(({ key }) => key),
    ...currencies.map(currency => `costNano${currency}`),
  ]
  const line = (one: UsageLine): string =>
    csvLine([
      ...one.keys,
      ...(withCaller ? [one.callerKey] : []),
      ...figures.map(({ key }) => one[key]),
      ...currencies.map(currency => one.costs.find(cost => cost.currency === currency)?.nano ?? 0),
    ])
  return csvLine(head) + report.lines.map(line).join('')
}
