import { Argument, Command } from 'commander'
import type { FeedsAnswer } from '../../admin/house-schemas.ts'
import { csvLine } from '../../csv.ts'
import type { FeedState } from '../../ledger/feeds/control.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { forPeople } from '../terminal/people.ts'
import { periodEnd, periodHelp, periodOf } from '../terminal/periods.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { addReaderOptions, formatOf, type ReaderOptions, widthOf } from './filters.ts'
import { type ReplicaColumn, replicaTable, sharingNote } from './replica-lines.ts'

type FeedsOptions = Pick<ReaderOptions, 'format' | 'as'>

/** `gatehouse feeds`: how far each feed is; `pause`, `resume` and `rewind` one. */
export function feedsCommand(context: CliContext): Command {
  const command = new Command('feeds')
    .summary('feeds: how far each is behind, what it sent; pause, resume, rewind one')
    .description(
      'Where records are shipped, how far each feed of all replicas together is behind, and what it has done since its thread started. ' +
        '✗ marks a feed that fails, ! one that is paused, has set records aside, or has missed some.',
    )
  addReaderOptions(command)
  for (const one of ['pause', 'resume'] as const) command.addCommand(orderCommand(context, one))
  command.addCommand(rewindCommand(context))
  return command.action(async (options: FeedsOptions) => showFeeds(context, options))
}

const orders = {
  pause: ['pause a feed until it is resumed, also over restarts (operators)', 'is paused'],
  resume: ['resume a paused feed; try a failing one again at once (operators)', 'goes on'],
} as const

function orderCommand(context: CliContext, order: keyof typeof orders): Command {
  const [description, done] = orders[order]
  return new Command(order)
    .description(description)
    .addArgument(new Argument('<feed>', 'name of the feed'))
    .option('--as <name>', 'do it as this account')
    .action(async (name: string, _own: unknown, command: Command) => {
      await send(context, { name, order, done, as: accountOf(command) })
    })
}

function rewindCommand(context: CliContext): Command {
  return new Command('rewind')
    .description('send again what ended at a time or later, as far as the journal still has it (operators)')
    .addArgument(new Argument('<feed>', 'name of the feed'))
    .requiredOption('--to <when>', `the time: ${periodHelp}`, periodEnd)
    .option('--as <name>', 'do it as this account')
    .action(async (name: string, options: { readonly to: string }, command: Command) => {
      const to = periodOf(options.to, undefined, context.clock).from
      const done = `sends again what ended at ${to} or later`
      await send(context, { name, order: 'rewind', done, to, as: accountOf(command) })
    })
}

/** The noun also has `--as`, and commander gives it the option that follows the verb. */
function accountOf(command: Command): string | undefined {
  return command.optsWithGlobals<{ readonly as?: string }>().as
}

interface Order {
  readonly name: string
  readonly order: 'pause' | 'resume' | 'rewind'
  /** What the feed does then, in words. */
  readonly done: string
  readonly to?: string | undefined
  readonly as: string | undefined
}

async function send(context: CliContext, { name, order, done, to, as }: Order): Promise<void> {
  const path = `/api/v1/feeds/${encodeURIComponent(name)}/${order}`
  const state = await askAdmin<FeedState>(context, { path, query: { to }, as, method: 'POST' })
  const text = forPeople(`✓ ${state.name}  ${done}; it is ${figure(state.lagRecords)} records behind.\n`, context)
  context.stdout.write(context.json ? `${jsonText(state)}\n` : text)
}

async function showFeeds(context: CliContext, options: FeedsOptions): Promise<void> {
  const answer = await askAdmin<FeedsAnswer>(context, { path: '/api/v1/feeds', as: options.as })
  const format = formatOf(options, context)
  const { feeds } = answer
  if (format === 'json') context.stdout.write(`${jsonText(answer, 2)}\n`)
  else if (format === 'csv') context.stdout.write(feedsCsv(feeds))
  else context.stdout.write(feedsText(answer, context.clock(), widthOf(context)))
}

function feedsText(answer: FeedsAnswer, nowMs: number, width: number | null): string {
  const { feeds } = answer
  if (feeds.length === 0) return 'No feeds are configured: "feeds" in the configuration.\n'
  const columns = columnsFor(nowMs)
  const rows = feeds.map(feed => columns.map(({ cell }) => cell(feed)))
  const errors = feeds.flatMap(({ name, status, lastError, lastErrorAtMs }) => {
    const isOver = status === 'running' || status === 'paused'
    if (lastError === null || lastErrorAtMs === null) return []
    const when = `${spoken(nowMs - lastErrorAtMs)} ago${isOver ? ', over since' : ''}`
    return [`${isOver ? ' ' : '✗'} ${name}: ${printableLine(lastError)} (${when})`]
  })
  const sums = renderTable(columns, rows, width) + (errors.length === 0 ? '' : `\n${errors.join('\n')}\n`)
  return sharingNote(answer) + sums + replicaTable(answer, ownColumns, { nowMs, width })
}

const ownColumns: readonly ReplicaColumn<FeedsAnswer['replicas'][number]>[] = [
  { title: 'its feeds', cell: ({ feeds }) => feeds?.map(ownView).join('; ') ?? '-' },
]

/** A feed of one replica, in short. */
function ownView({ name, status, lagRecords, lagSeconds }: FeedState): string {
  const state = status === 'running' ? '' : ` ${status}`
  const behind =
    lagSeconds === 0 ? `${figure(lagRecords)} behind` : `${figure(lagRecords)} behind by ${spoken(lagSeconds * 1_000)}`
  return `${name}${state} ${behind}`
}

interface FeedTableColumn extends TableColumn {
  readonly cell: (feed: FeedState) => string
}

/** `leaves` as in table.ts: columns without it stay longest. */
function columnsFor(nowMs: number): readonly FeedTableColumn[] {
  const right = 'right' as const
  return [
    { title: '', cell: markOf },
    { title: 'feed', cutTo: 18, cell: ({ name }) => name },
    { title: 'kind', leaves: 5, cell: ({ kind }) => kind },
    { title: 'state', cell: ({ status }) => status },
    { title: 'behind', align: right, cell: ({ lagRecords }) => figure(lagRecords) },
    { title: 'by', align: right, cell: ({ lagSeconds }) => (lagSeconds === 0 ? '-' : spoken(lagSeconds * 1_000)) },
    { title: 'sent', align: right, cell: ({ sent }) => figure(sent) },
    { title: 'bytes', align: right, leaves: 2, cell: ({ sentBytes }) => figure(sentBytes) },
    { title: 'retried', align: right, leaves: 3, cell: ({ retried }) => figure(retried) },
    { title: 'set aside', align: right, leaves: 1, cell: ({ setAside }) => figure(setAside) },
    { title: 'segments missed', align: right, leaves: 4, cell: ({ droppedSegments }) => figure(droppedSegments) },
    {
      title: 'last sent',
      align: right,
      leaves: 0,
      cell: ({ lastSentAtMs: at }) => (at === null ? '-' : `${spoken(nowMs - at)} ago`),
    },
  ]
}

function markOf({ status, setAside, droppedSegments }: FeedState): string {
  if (status === 'failing' || status === 'stopped') return '✗'
  return status === 'paused' || setAside > 0 || droppedSegments > 0 ? '!' : ''
}

const csvColumns = [
  ...['name', 'kind', 'status', 'lagRecords', 'lagSeconds', 'lagBytes', 'sent', 'sentBytes', 'retried', 'setAside'],
  ...['droppedSegments', 'lastSentAtMs', 'lastErrorAtMs', 'lastError'],
] as readonly (keyof FeedState)[]

function feedsCsv(feeds: readonly FeedState[]): string {
  return csvLine(csvColumns) + feeds.map(feed => csvLine(csvColumns.map(column => feed[column]))).join('')
}
