import { Command, Option } from 'commander'
import type { CallersAnswer } from '../../admin/people-schemas.ts'
import { csvLine } from '../../csv.ts'
import { callerOrders } from '../../ledger/people.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { costCells, costColumns, unpricedNote } from '../terminal/costs.ts'
import { jsonText } from '../terminal/printable.ts'
import { timesOfDay } from '../terminal/shorter.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'
import {
  addFilterOptions,
  addReaderOptions,
  filterQuery,
  formatOf,
  type ReaderOptions,
  widthOf,
  withPeriod,
} from './filters.ts'

interface PeopleOptions extends ReaderOptions {
  readonly search?: string
  readonly kind?: string
  readonly order?: string
}

const standardFrom = '31d'
/** The most of a page of the management API. */
const pageSize = 1_000

/** `gatehouse people`: who called, and what they used. */
export function peopleCommand(context: CliContext): Command {
  const command = new Command('people')
    .summary('who called: people and applications, what they used, their last call')
    .description(
      'All callers: kind, workloads, calls, tokens, cost, errors, the last call, and roles in the console where they are known.',
    )
    .option('--search <text>', 'only those with this in their name or key')
    .addOption(new Option('--kind <kind>', 'only people or applications').choices(['user', 'application']))
    .addOption(new Option('--order <figure>', 'largest or latest first (default: tokens)').choices([...callerOrders]))
  addReaderOptions(addFilterOptions(command, standardFrom))
  return command.action(async (options: PeopleOptions) => showPeople(context, options))
}

async function showPeople(context: CliContext, options: PeopleOptions): Promise<void> {
  const callers = await allCallers(context, options)
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText({ callers }, 2)}\n`)
  else if (format === 'csv') context.stdout.write(csvOf(callers))
  else if (callers.length === 0) context.stdout.write('No calls in this period.\n')
  else {
    const costs = costCells(callers)
    const rows = callers.map((caller, at) => columns.map(({ cell }) => cell(caller, costs[at] ?? '')))
    const unpriced = callers.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0)
    context.stdout.write(renderTable(columns, rows, widthOf(context)) + unpricedNote(unpriced))
  }
}

type Caller = CallersAnswer['callers'][number]

async function allCallers(context: CliContext, options: PeopleOptions): Promise<readonly Caller[]> {
  const { search, kind, order, as } = options
  const asked = await withPeriod(context, options, { from: standardFrom })
  const query = { ...filterQuery(asked, context), search, kind, order, limit: pageSize }
  const callers: Caller[] = []
  let before: string | undefined
  do {
    const page = await askAdmin<CallersAnswer>(context, { path: '/api/v1/callers', query: { ...query, before }, as })
    callers.push(...page.callers)
    before = page.next ?? undefined
  } while (before !== undefined)
  return callers
}

interface PeopleColumn extends TableColumn {
  readonly cell: (caller: Caller, cost: string) => string
}

const right = 'right' as const
const columns: readonly PeopleColumn[] = [
  { title: 'name', cutTo: 16, cell: ({ name }) => name },
  { title: 'kind', leaves: 5, cell: ({ kind }) => (kind === null ? '-' : kind === 'user' ? 'person' : 'application') },
  { title: 'workloads', cutTo: 12, leaves: 6, cell: ({ workloads }) => workloads.join(', ') || '-' },
  { title: 'calls', align: right, cell: ({ calls }) => figure(calls) },
  { title: 'tokens', align: right, cell: ({ totalTokens }) => figure(totalTokens) },
  { title: 'cost', align: right, leaves: 1, cell: (_, cost) => cost },
  { title: 'failed', align: right, leaves: 3, cell: ({ failed }) => figure(failed) },
  { title: 'refused', align: right, leaves: 4, cell: ({ refused }) => figure(refused) },
  { title: 'last call (UTC)', leaves: 2, shorten: timesOfDay, cell: ({ lastCallAtMs }) => instant(lastCallAtMs) },
  { title: 'roles', leaves: 7, cell: ({ roles }) => (roles === null ? '?' : roles.join(', ') || '-') },
]

function csvOf(callers: readonly Caller[]): string {
  const costs = costColumns(callers)
  const head = ['key', 'name', 'kind', 'workloads', 'calls', 'totalTokens', 'failed', 'refused', 'lastCall', 'roles']
  const lines = callers.map(({ key, name, kind, workloads, calls, totalTokens, failed, refused, ...more }) => [
    ...[
      key,
      name,
      kind,
      workloads.join(' '),
      calls,
      totalTokens,
      failed,
      refused,
      new Date(more.lastCallAtMs).toISOString(),
    ],
    more.roles?.join(' ') ?? null,
    ...costs.cells(more),
  ])
  return [[...head, ...costs.titles], ...lines].map(line => csvLine(line)).join('')
}
