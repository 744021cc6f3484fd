/** Lists that come page by page. A file of CSV or JSON is whole, or says that there is more. */
import type { CliContext } from '../context.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure } from '../terminal/table.ts'
import { type Format, wholeNumber } from './filters.ts'

const tableRows = 50
const pageRowsMax = 1_000
export const limitMost = 1_000_000

/** Arguments of the option `--limit`. */
export const limitOption = [
  '--limit <number>',
  `how many, 1 to ${limitMost} (default: ${tableRows} in a table, all in csv and json)`,
  (text: string) => wholeNumber(text, 1, limitMost),
] as const

export interface ListPage<Row, Place> {
  readonly rows: readonly Row[]
  /** Where the next page begins; null at the end. */
  readonly next: Place | null
}

export interface ListOutput<Row, Place> {
  readonly format: Format
  readonly limit: number | undefined
  /** What rows are called, which is also the member of the JSON. */
  readonly noun: 'records' | 'entries'
  readonly csvHead: string
  readonly csvLine: (row: Row) => string
  readonly table: (rows: readonly Row[]) => string
  readonly page: (limit: number, before: Place | undefined) => Promise<ListPage<Row, Place>>
}

/** Prints the list. Nothing is printed before the first page has come. */
export async function printList<Row, Place>(context: CliContext, output: ListOutput<Row, Place>): Promise<void> {
  const { format, noun, limit = format === 'table' ? tableRows : Number.POSITIVE_INFINITY } = output
  const writer = writers[format](context, output)
  let before: Place | undefined
  let printed = 0
  let next: Place | null
  do {
    const page = await output.page(Math.min(limit - printed, pageRowsMax), before)
    writer.add(page.rows)
    printed += page.rows.length
    next = page.next
    before = page.next ?? undefined
  } while (next !== null && printed < limit)
  writer.end(next !== null)
  if (next === null) return
  const newest = printed === 1 ? `This is the newest of the ${noun}` : `These are the newest ${figure(printed)} ${noun}`
  const note = `${newest}, and there are more.`
  if (format === 'table') {
    const more = `Try: --limit ${Math.min(10 * printed, limitMost)}, or --format csv for all`
    context.stdout.write(forPeople(`\n${note} ${more}\n`, context))
  } else context.stderr.write(forPeople(`! ${note} Without --limit you get all.\n`, context, context.stderr))
}

interface Writer<Row> {
  add(rows: readonly Row[]): void
  end(more: boolean): void
}

const writers = { csv: csvWriter, json: jsonWriter, table: tableWriter } as const

function csvWriter<Row, Place>({ stdout }: CliContext, { csvHead, csvLine }: ListOutput<Row, Place>): Writer<Row> {
  let head = csvHead
  return {
    add(rows) {
      stdout.write(head + rows.map(csvLine).join(''))
      head = ''
    },
    end: () => {},
  }
}

/** `{ "records": [...], "more": false }`, in the form of `jsonText`, written page by page. */
function jsonWriter<Row, Place>({ stdout }: CliContext, { noun }: ListOutput<Row, Place>): Writer<Row> {
  let isEmpty = true
  return {
    add(rows) {
      const texts = rows.map(row => `    ${jsonText(row, 2).replaceAll('\n', '\n    ')}`)
      const head = isEmpty ? `{\n  "${noun}": [\n` : ',\n'
      if (texts.length > 0) stdout.write(head + texts.join(',\n'))
      isEmpty &&= texts.length === 0
    },
    end(more) {
      stdout.write(`${isEmpty ? `{\n  "${noun}": [` : '\n  '}],\n  "more": ${more}\n}\n`)
    },
  }
}

/** Widths follow from all rows. */
function tableWriter<Row, Place>({ stdout }: CliContext, { table, noun }: ListOutput<Row, Place>): Writer<Row> {
  const all: Row[] = []
  return {
    add: rows => void all.push(...rows),
    end: () => void stdout.write(all.length === 0 ? `No ${noun}.\n` : table(all)),
  }
}
