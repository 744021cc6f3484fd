import { Command } from 'commander'
import type { RecordRow } from '../../ledger/record.ts'
import { recordCsv, recordCsvHead } from '../../ledger/record-csv.ts'
import type { RecordsPage } from '../../ledger/reports.ts'
import type { CliContext } from '../context.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import { reasonOption } from '../reach/reasoned.ts'
import { GrowingTable } from '../terminal/growing-table.ts'
import { jsonText } from '../terminal/printable.ts'
import { renderTable } from '../terminal/table.ts'
import {
  addFilterOptions,
  addReaderOptions,
  type Format,
  filterQuery,
  formatOf,
  type ReaderOptions,
  wholeNumber,
  widthOf,
} from './filters.ts'
import { eraseCommand, erasuresCommand } from './record-erase.ts'
import { explainRecord } from './record-explain.ts'
import { exportCommand, verifyExportCommand } from './record-export.ts'
import { holdCommand } from './record-holds.ts'
import { recordIdHelp } from './record-id.ts'
import { recordCells, recordColumns, tailCells, tailColumns } from './record-lines.ts'
import { searchCommand } from './record-search.ts'
import { type ShowOptions, showRecord } from './record-show.ts'

const pageRecordsMax = 1_000

/** `gatehouse records list|show|tail|search|explain`: single exchanges. */
export function recordsCommand(context: CliContext): Command {
  const command = new Command('records').description('Single exchanges from the ledger.')
  command.addCommand(listCommand(context))
  command.addCommand(showCommand(context))
  command.addCommand(tailCommand(context))
  command.addCommand(searchCommand(context))
  command.addCommand(explainCommand(context))
  command.addCommand(exportCommand(context))
  command.addCommand(verifyExportCommand(context))
  command.addCommand(holdCommand(context))
  command.addCommand(eraseCommand(context))
  command.addCommand(erasuresCommand(context))
  return command
}

interface ListOptions extends ReaderOptions {
  readonly limit: number
}

function listCommand(context: CliContext): Command {
  const command = new Command('list').description('The latest exchanges, newest first.')
  addReaderOptions(addFilterOptions(command, null))
  return command
    .option('--limit <number>', 'how many, 1 to 1000000', text => wholeNumber(text, 1, 1_000_000), 50)
    .action(async (options: ListOptions) => listRecords(context, options))
}

async function listRecords(context: CliContext, options: ListOptions): Promise<void> {
  const format = formatOf(options, context)
  const records: RecordRow[] = []
  let printed = 0
  for await (const page of pages(context, options)) {
    if (format === 'csv' && printed === 0) context.stdout.write(recordCsvHead)
    printed += page.length
    // A large CSV is written page by page; the other two forms need all rows first.
    if (format === 'csv') context.stdout.write(page.map(recordCsv).join(''))
    else records.push(...page)
  }
  if (format === 'json') context.stdout.write(`${jsonText(records, 2)}\n`)
  if (format !== 'table') return
  context.stdout.write(
    printed === 0 ? 'No records.\n' : renderTable(recordColumns, recordCells(records), widthOf(context)),
  )
}

async function* pages(context: CliContext, options: ListOptions): AsyncGenerator<readonly RecordRow[]> {
  const filters = filterQuery(options, context)
  let before: string | undefined
  for (let wanted = options.limit; wanted > 0; ) {
    const query = { ...filters, limit: Math.min(wanted, pageRecordsMax), before }
    const page = await askAdmin<RecordsPage>(context, { path: '/api/v1/records', query, as: options.as })
    yield page.records
    wanted -= page.records.length
    if (page.next === null) return
    before = page.next
  }
}

function showCommand(context: CliContext): Command {
  const command = new Command('show')
    .description('One exchange: its figures and, for auditors, what was asked and answered.')
    .argument('<id>', recordIdHelp)
    .option('--bodies', 'prompt and completion too (role auditor, or your own call; each reading is logged)')
    .option(...reasonOption)
  return addReaderOptions(command).action(async (id: string, options: ShowOptions) => showRecord(context, id, options))
}

function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description('What the configuration in force says to the call of a record, and where it was refused then.')
    .argument('<id>', recordIdHelp)
    .option('--as <name>', 'read as this account')
    .action(async (id: string, options: { readonly as?: string }) => explainRecord(context, id, options))
}

interface TailOptions extends ReaderOptions {
  readonly lines: number
  readonly count?: number
}

function tailCommand(context: CliContext): Command {
  const command = new Command('tail').description('The latest exchanges, oldest first, then each new one until Ctrl-C.')
  addReaderOptions(addFilterOptions(command, null))
  return command
    .option('--lines <number>', 'how many to begin with, 0 to 1000', text => wholeNumber(text, 0, 1_000), 10)
    .option('--count <number>', 'end after so many', text => wholeNumber(text, 1, 1_000_000))
    .action(async (options: TailOptions) => tailRecords(context, options))
}

async function tailRecords(context: CliContext, options: TailOptions): Promise<void> {
  let print: ReturnType<typeof linePrinter> | null = null
  let wanted = options.count ?? Number.POSITIVE_INFINITY
  for await (const records of arrivals(context, options)) {
    // The titles come with the first page: a question that is refused prints nothing.
    print ??= linePrinter(context, formatOf(options, context))
    print(records.slice(0, wanted))
    wanted -= records.length
    if (wanted <= 0) return
  }
}

/** Existing records, then new ones, in batches. Only the reader ends it. */
async function* arrivals(context: CliContext, options: TailOptions): AsyncGenerator<readonly RecordRow[]> {
  const filters: AdminQuery = filterQuery(options, context)
  const ask = (path: string, query: AdminQuery): Promise<RecordsPage> =>
    askAdmin<RecordsPage>(context, { path, query: { ...filters, ...query }, as: options.as })

  // A page has at least one record, and its cursor is needed even when none is shown.
  const first = await ask('/api/v1/records', { limit: Math.max(1, options.lines) })
  yield first.records.slice(0, options.lines).reverse()
  for (let after = first.cursor; ; ) {
    const page = await ask('/api/v1/records/tail', { after, limit: pageRecordsMax })
    yield page.records
    after = page.cursor
  }
}

/** JSON is one object per line here: an endless list has no closing bracket. */
function linePrinter(context: CliContext, format: Format): (rows: readonly RecordRow[]) => void {
  const { stdout } = context
  if (format === 'json') return rows => stdout.write(rows.map(row => `${jsonText(row)}\n`).join(''))
  if (format === 'csv') {
    stdout.write(recordCsvHead)
    return rows => stdout.write(rows.map(recordCsv).join(''))
  }
  const table = new GrowingTable(tailColumns, widthOf(context))
  return rows => stdout.write(table.text(tailCells(rows)))
}
