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
  withPeriod,
} from './filters.ts'
import { type ListOutput, limitOption, printList } from './list-output.ts'
import { eraseCommand, erasuresCommand } from './record-erase.ts'
import { explainRecord } from './record-explain.ts'
import { exportCommand, verifyExportCommand } from './record-export.ts'
import { holdCommand } from './record-holds.ts'
import { recordIdHelp } from './record-id.ts'
import { recordCells, recordColumns, tailCells, tailColumns } from './record-lines.ts'
import { searchCommand } from './record-search.ts'
import { type ShowOptions, showRecord } from './record-show.ts'
import {
  calendarUnlessNamed,
  ledgerOption,
  type ReportSource,
  type SourceOptions,
  withSource,
} from './report-source.ts'

const pageRecordsMax = 1_000

/** `gatehouse records list|show|tail|search|explain`: single exchanges. */
export function recordsCommand(context: CliContext): Command {
  const command = new Command('records').description('Single calls from the ledger.')
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

interface ListOptions extends ReaderOptions, SourceOptions {
  readonly limit?: number
}

function listCommand(context: CliContext): Command {
  const command = new Command('list').description('The latest calls, newest first.')
  addReaderOptions(addFilterOptions(command, null))
  return command
    .option(...limitOption)
    .option(...ledgerOption)
    .action(async (options: ListOptions) => listRecords(context, options))
}

async function listRecords(context: CliContext, options: ListOptions): Promise<void> {
  const zoned = options.ledger === undefined ? options : { ...calendarUnlessNamed, ...options }
  const filters = filterQuery(await withPeriod<ListOptions>(context, zoned), context)
  const list = (source: ReportSource): ListOutput<RecordRow, string> => ({
    ...{ format: formatOf(options, context), limit: options.limit, noun: 'records' },
    ...{ csvHead: recordCsvHead, csvLine: recordCsv },
    table: rows => renderTable(recordColumns, recordCells(rows), widthOf(context)),
    async page(limit, before) {
      const { records, next } = await source.records({ ...filters, limit, before })
      return { rows: records, next }
    },
  })
  await withSource(context, options, source => printList(context, list(source)))
}

function showCommand(context: CliContext): Command {
  const command = new Command('show')
    .description('One call: its figures and, for auditors, what was asked and answered.')
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
  const command = new Command('tail').description('The latest calls, oldest first, then each new one until Ctrl-C.')
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
  const filters: AdminQuery = filterQuery(await withPeriod(context, options), context)
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
