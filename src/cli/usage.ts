import { Command, InvalidArgumentError } from 'commander'
import { type UsageDimension, type UsageLine, type UsageReport, usageDimensions } from '../ledger/reports.ts'
import { type AdminQuery, askAdmin } from './admin-client.ts'
import type { CliContext } from './context.ts'
import { csvLine } from './csv.ts'
import { addFilterOptions, addReaderOptions, filterQuery, formatOf, type ReaderOptions, widthOf } from './filters.ts'
import { figure, renderTable, type TableColumn } from './table.ts'

interface UsageOptions extends ReaderOptions {
  readonly by: readonly UsageDimension[]
}

const standardFrom = '30d'

/** `gatehouse usage`: calls and tokens, broken down. */
export function usageCommand(context: CliContext): Command {
  const command = new Command('usage')
    .summary('calls and tokens by workload, caller, model, day, ...')
    .description('Calls and tokens from the ledger, broken down. Days and months are those of UTC.')
    .option('--by <dimensions>', `what to break down by: ${usageDimensions.join(', ')}`, dimensionsOf, ['workload'])
  addReaderOptions(addFilterOptions(command, standardFrom))
  command.addHelpText('after', '\nExample:\n  $ gatehouse usage --by workload,model --from 7d')
  return command.action(async (options: UsageOptions) => showUsage(context, options))
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
  if (format === 'json') context.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else if (format === 'csv') context.stdout.write(usageCsv(report))
  else context.stdout.write(periodLine(query) + usageTable(report, widthOf(context)))
}

function periodLine({ from, to }: AdminQuery): string {
  const say = (end: string | number | undefined): string => String(end).slice(0, 16).replace('T', ' ')
  const until = to === undefined ? 'now' : say(to)
  return `Usage from ${say(from)} to ${until} (UTC)\n\n`
}

/** Figures in the order of the table; `leaves` as in table.ts. */
const figures: readonly (TableColumn & { readonly key: keyof UsageReport['total'] })[] = [
  { key: 'calls', title: 'calls' },
  { key: 'completed', title: 'completed', leaves: 8 },
  { key: 'refused', title: 'refused', leaves: 4 },
  { key: 'failed', title: 'failed', leaves: 5 },
  { key: 'aborted', title: 'aborted', leaves: 6 },
  { key: 'interrupted', title: 'interrupted', leaves: 12 },
  { key: 'promptTokens', title: 'prompt', leaves: 2 },
  { key: 'cachedTokens', title: 'cached', leaves: 9 },
  { key: 'completionTokens', title: 'completion', leaves: 3 },
  { key: 'reasoningTokens', title: 'reasoning', leaves: 10 },
  { key: 'totalTokens', title: 'tokens' },
  { key: 'countedCalls', title: 'counted calls', leaves: 11 },
  { key: 'averageDurationMs', title: 'avg ms', leaves: 7 },
]

function usageTable(report: UsageReport, width: number | null): string {
  const columns: TableColumn[] = [
    ...report.by.map(dimension => ({ title: dimension, cutTo: 16 })),
    ...figures.map(({ title, leaves }) => ({
      title,
      align: 'right' as const,
      ...(leaves === undefined ? {} : { leaves }),
    })),
  ]
  if (report.lines.length === 0) return 'No calls in this period.\n'
  const cells = (keys: readonly (string | null)[], line: UsageReport['total']): string[] => [
    ...keys.map(key => key ?? '(none)'),
    ...figures.map(({ key }) => figure(line[key])),
  ]
  const foot = cells(['total', ...report.by.slice(1).map(() => '')], report.total)
  return renderTable(
    columns,
    report.lines.map(line => cells(line.keys, line)),
    width,
    foot,
  )
}

/** Without a total: sums over the file stay right. */
function usageCsv(report: UsageReport): string {
  const withCaller = report.by.includes('caller')
  const head = [...report.by, ...(withCaller ? ['callerKey'] : []), ...figures.map(({ key }) => key)]
  const line = (one: UsageLine): string =>
    csvLine([...one.keys, ...(withCaller ? [one.callerKey] : []), ...figures.map(({ key }) => one[key])])
  return csvLine(head) + report.lines.map(line).join('')
}
