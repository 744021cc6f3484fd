/** `gatehouse query [SQL|-]`: read-only SQL over the records. */
import { Command, InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import type { querySchemaAnswer } from '../../admin/query-schemas.ts'
import { csvLine } from '../../csv.ts'
import { type QueryResult, type QueryValue, queryMs, queryRows, querySqlUnitsMax } from '../../ledger/query/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { addReaderOptions, type Format, formatOf, wholeNumber, widthOf } from './filters.ts'

interface QueryOptions {
  readonly rows: number
  readonly seconds: number
  readonly schema?: boolean
  readonly format?: Format
  readonly as?: string
}

export function queryCommand(context: CliContext): Command {
  const command = new Command('query')
    .summary('read-only SQL over the records')
    .description(
      'Run one SELECT over the records of a running gateway, in the dialect of DuckDB: viewers query all records, developers those of their workloads. Each query is in the audit trail.',
    )
    .argument('[sql]', 'the SELECT; - or none: read it from standard input', sqlText)
    .option('--schema', 'tables and columns that queries read, with what each means')
    .option(
      '--rows <number>',
      `rows after which the answer ends, 1 to ${queryRows.most}`,
      text => wholeNumber(text, 1, queryRows.most),
      queryRows.unlessAsked,
    )
    .option(
      '--seconds <number>',
      `seconds after which the query is stopped, 1 to ${queryMs.most / 1_000}`,
      text => wholeNumber(text, 1, queryMs.most / 1_000),
      queryMs.unlessAsked / 1_000,
    )
  addReaderOptions(command)
  return command.action(async (sql: string | undefined, options: QueryOptions) => {
    if (options.schema === true) return showSchema(context, options)
    const text = sql === undefined || sql === '-' ? await readInput(context) : sql
    const body = { sql: text, rowsMax: options.rows, timeoutMs: options.seconds * 1_000 }
    const asked = { path: '/api/v1/query', method: 'POST', body, as: options.as } as const
    show(context, await askAdmin<QueryResult>(context, asked), formatOf(options, context))
  })
}

function sqlText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a SELECT.')
  if (text.length > querySqlUnitsMax) throw new InvalidArgumentError(`A query has at most ${querySqlUnitsMax} letters.`)
  return text
}

async function readInput({ stdin }: CliContext): Promise<string> {
  const wrong = (what: string): CliError =>
    new CliError('usage', what, null, 'gatehouse query "SELECT count(*) FROM records"', { exitCode: 2 })
  if (stdin.isTTY === true) throw wrong('A query is needed.')
  let text = ''
  for await (const piece of stdin) {
    text += String(piece)
    if (text.length > querySqlUnitsMax) throw wrong(`A query has at most ${querySqlUnitsMax} letters.`)
  }
  if (text.trim() === '') throw wrong('The standard input has no query.')
  return text
}

function show(context: CliContext, result: QueryResult, format: Format): void {
  const { columns, rows, truncated } = result
  if (format === 'json') context.stdout.write(`${jsonText(result, 2)}\n`)
  else if (format === 'csv') {
    context.stdout.write(csvLine(columns.map(({ name }) => name)))
    for (const row of rows) context.stdout.write(csvOf(row, result))
  } else context.stdout.write(tableOf(result, widthOf(context)))
  if (truncated === null || format === 'json') return
  const why =
    truncated === 'rows' ? `There are more than ${figure(rows.length)} rows (--rows).` : 'The rest is too long.'
  context.stderr.write(forPeople(`! ${why}\n`, context, context.stderr))
}

const isNumber = (type: string): boolean => /INT|DECIMAL|DOUBLE|FLOAT/.test(type) && !/[[(](?!\d)/.test(type)
const plainFigure = /^-?\d+(?:\.\d+)?$/

/** Figures of many digits come as text, and are figures in the file too. */
function csvOf(row: readonly QueryValue[], { columns }: QueryResult): string {
  const cells = row.map((value, at) => {
    const isFigure = isNumber(columns[at]?.type ?? '') && plainFigure.test(String(value))
    return isFigure ? String(value) : csvLine([textOf(value)]).slice(0, -1)
  })
  return `${cells.join(',')}\n`
}

/** Null for null, which is an empty cell. */
function textOf(value: QueryValue): string | number | boolean | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function tableOf({ columns, rows }: QueryResult, width: number | null): string {
  if (rows.length === 0) return 'No rows.\n'
  const shown: TableColumn[] = columns.map(({ name, type }, at) => ({
    title: name,
    ...(isNumber(type) ? { align: 'right' as const } : { cutTo: 12 }),
    ...(at === 0 ? {} : { leaves: at }),
  }))
  const cells = rows.map(row => row.map(value => String(textOf(value) ?? '-')))
  return renderTable(shown, cells, width)
}

type Schema = z.output<typeof querySchemaAnswer>

async function showSchema(context: CliContext, options: QueryOptions): Promise<void> {
  const schema = await askAdmin<Schema>(context, { path: '/api/v1/query/schema', as: options.as })
  const format = formatOf(options, context)
  if (format === 'json') {
    context.stdout.write(`${jsonText(schema, 2)}\n`)
    return
  }
  const lines = schema.tables.flatMap(table =>
    table.columns.map(({ name, type, description }) => [table.name, name, type, description] as const),
  )
  const titles = ['table', 'column', 'type', 'what']
  if (format === 'csv') context.stdout.write(csvLine(titles) + lines.map(csvLine).join(''))
  else
    context.stdout.write(
      renderTable(
        titles.map(title => ({ title, cutTo: 20 })),
        lines,
        widthOf(context),
      ),
    )
}
