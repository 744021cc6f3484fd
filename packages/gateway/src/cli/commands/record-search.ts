/** `gatehouse records search TEXT`. */
import { Command } from 'commander'
import type { FoundText, SearchPage } from '../../ledger/reports.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { csvLine } from '../terminal/csv.ts'
import { periodEnd, periodOf } from '../terminal/periods.ts'
import { jsonText } from '../terminal/printable.ts'
import { figure, instant, renderTable, type TableColumn } from '../terminal/table.ts'
import { addReaderOptions, formatOf, type ReaderOptions, wholeNumber, widthOf } from './filters.ts'

interface SearchOptions extends Pick<ReaderOptions, 'format' | 'as' | 'caller'> {
  readonly workload: string
  readonly day?: string
  readonly ignoreCase?: true
  readonly limit: number
}

export function searchCommand(context: CliContext): Command {
  const command = new Command('search')
    .description('Exchanges of one workload and day whose prompts or completions say a text (role auditor; logged).')
    .argument('<text>', 'as people read it: escapes of JSON are resolved, pieces of streams joined')
    .requiredOption('--workload <name>', 'the workload')
    .option('--day <date>', 'the day, as 2026-11-23 (UTC; default: today)', periodEnd)
    .option('--caller <who>', 'only this caller: object id, user:TENANT/OID, app:TENANT/APPID, or display name')
    .option('--ignore-case', 'upper and lower case are the same')
    .option('--limit <number>', 'how many, 1 to 1000', limit => wholeNumber(limit, 1, 1_000), 50)
  return addReaderOptions(command).action(async (text: string, options: SearchOptions) =>
    searchRecords(context, text, options),
  )
}

async function searchRecords(context: CliContext, text: string, options: SearchOptions): Promise<void> {
  const page = await wholeSearch(context, text, options)
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText(page, 2)}\n`)
  else if (format === 'csv') context.stdout.write(searchCsv(page))
  else context.stdout.write(searchText(page, widthOf(context)))
}

/** Goes on until enough is found: one answer ends after some seconds. */
async function wholeSearch(context: CliContext, text: string, options: SearchOptions): Promise<SearchPage> {
  const { workload, caller, ignoreCase, limit, as } = options
  const today = new Date(context.clock()).toISOString().slice(0, 10)
  const day = periodOf(options.day ?? today, undefined, context.clock).from?.slice(0, 10) ?? today
  const found: FoundText[] = []
  let [searched, skipped] = [0, 0]
  let before: string | undefined
  for (;;) {
    const query = { text, workload, day, caller, before, limit: limit - found.length }
    const asked = { ...query, ...(ignoreCase === true ? { ignoreCase: 'true' } : {}) }
    const page = await askAdmin<SearchPage>(context, { path: '/api/v1/records/search', query: asked, as })
    found.push(...page.found)
    searched += page.searched
    skipped += page.skipped
    if (page.next === null || found.length >= limit) return { found, searched, skipped, next: page.next }
    before = page.next
  }
}

const columns: readonly TableColumn[] = [
  { title: 'started (UTC)', leaves: 2 },
  { title: 'id' },
  { title: 'caller', cutTo: 12, leaves: 3 },
  { title: 'in', leaves: 1 },
  { title: 'text', cutTo: 20 },
]

const cellsOf = ({ startedAtMs, id, caller, part, excerpt }: FoundText): string[] => [
  instant(startedAtMs),
  id,
  caller ?? '-',
  part,
  excerpt,
]

function searchText({ found, searched, skipped, next }: SearchPage, width: number | null): string {
  const table = found.length === 0 ? 'Nothing found.\n' : renderTable(columns, found.map(cellsOf), width)
  const left = skipped === 0 ? '' : `; ${figure(skipped)} left out: their bodies are damaged or too long`
  const more = next === null ? '' : '\nThere may be more: the same with a higher --limit.'
  return `${table}\n${figure(searched)} records searched${left}.${more}\n`
}

function searchCsv({ found }: SearchPage): string {
  const line = ({ startedAtMs, id, caller, part, excerpt }: FoundText): string =>
    csvLine([new Date(startedAtMs).toISOString(), id, caller, part, excerpt])
  return csvLine(['started', 'id', 'caller', 'part', 'excerpt']) + found.map(line).join('')
}
