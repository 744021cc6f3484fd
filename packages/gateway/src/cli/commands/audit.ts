/** `gatehouse audit list|export|verify`: the audit trail, of a running process or in its files. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { auditCsv, auditCsvHead } from '../../audit/csv.ts'
import type { AuditEntry, AuditFault, AuditHead, AuditOutcome, AuditPage } from '../../audit/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { type PeriodOptions, periodFrom } from '../terminal/periods.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { timesOfDay } from '../terminal/shorter.ts'
import { figure, renderTable } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'
import { addPeriodOptions, addReaderOptions, type Format, formatOf, widthOf, withPeriod } from './filters.ts'
import { addPlaceOptions, type PlaceOptions, placeOf } from './ledger-place.ts'
import { type ListPage, limitOption, printList } from './list-output.ts'

const pageEntriesMax = 1_000

export function auditCommand(context: CliContext): Command {
  return new Command('audit')
    .description('who did what through the management API: list, export, and verify its chain')
    .addCommand(listCommand(context))
    .addCommand(exportCommand(context))
    .addCommand(verifyCommand(context))
}

interface FilterOptions extends PeriodOptions {
  readonly actor?: string
  readonly action?: string
  readonly outcome?: AuditOutcome
  readonly as?: string
}

function addFilters(command: Command): Command {
  return addPeriodOptions(command, null)
    .option('--actor <who>', 'only this one: user:TENANT/OID, app:TENANT/APPID, a display name, stranger, gatehouse')
    .option('--action <action>', 'only this action, as bodies_read')
    .addOption(new Option('--outcome <outcome>', 'only what went so').choices(['asked', 'done', 'failed', 'refused']))
}

interface ListOptions extends FilterOptions {
  readonly limit?: number
  readonly format?: Format
}

function listCommand(context: CliContext): Command {
  const command = new Command('list').description('the latest entries of the process at --admin, newest first')
  return addReaderOptions(addFilters(command))
    .option(...limitOption)
    .action(async (options: ListOptions) =>
      printList<AuditEntry, number>(context, {
        ...{ format: formatOf(options, context), limit: options.limit, noun: 'entries' },
        ...{ csvHead: auditCsvHead, csvLine: auditCsv },
        table: entries => renderTable(columns, entries.map(cellsOf), widthOf(context)),
        page: await pager(context, options),
      }),
    )
}

interface ExportOptions extends FilterOptions {
  readonly format: 'jsonl' | 'csv'
}

function exportCommand(context: CliContext): Command {
  const command = new Command('export').description(
    'every entry of the process at --admin to standard output, newest first; jsonl: each as it is in its file',
  )
  return addFilters(command)
    .addOption(new Option('--format <form>', 'form of the output').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--as <name>', 'read as this account')
    .action(async (options: ExportOptions) => {
      if (options.format === 'csv') context.stdout.write(auditCsvHead)
      const lineOf = options.format === 'csv' ? auditCsv : (entry: AuditEntry) => `${JSON.stringify(entry)}\n`
      const page = await pager(context, options)
      let before: number | undefined
      do {
        const { rows, next } = await page(pageEntriesMax, before)
        context.stdout.write(rows.map(lineOf).join(''))
        before = next ?? undefined
      } while (before !== undefined)
    })
}

type Pager = (limit: number, before: number | undefined) => Promise<ListPage<AuditEntry, number>>

async function pager(context: CliContext, options: FilterOptions): Promise<Pager> {
  const { actor, action, outcome, as } = options
  const period = periodFrom(await withPeriod(context, options), context.clock)
  const filters: AdminQuery = { actor, action, outcome, ...period }
  return async (limit, before) => {
    const query = { ...filters, limit, before }
    const { entries, next } = await askAdmin<AuditPage>(context, { path: '/api/v1/audit', query, as })
    if (entries.length === 0 && before === undefined) await requireKnown(context, options)
    return { rows: entries, next }
  }
}

/**
 * No entries of a name that the whole trail does not have could be a false all-clear. Such an actor is a mistake. Such
 * an action may be one; it may also be what was never done.
 */
async function requireKnown(context: CliContext, { actor, action, as }: FilterOptions): Promise<void> {
  const hasNone = async (query: AdminQuery): Promise<boolean> => {
    const question = { path: '/api/v1/audit', query: { ...query, limit: 1 }, as }
    return (await askAdmin<AuditPage>(context, question)).entries.length === 0
  }
  if (actor !== undefined && (await hasNone({ actor }))) {
    const what = `No entry of the trail has the actor ${printableLine(actor)}.`
    throw new CliError('name_unknown', what, null, 'gatehouse audit list')
  }
  if (action !== undefined && (await hasNone({ action }))) {
    const text = `! No entry of the whole trail has the action ${printableLine(action)}. docs/audit.md lists all actions.\n`
    context.stderr.write(forPeople(text, context, context.stderr))
  }
}

const columns = [
  { title: 'time (UTC)', shorten: timesOfDay },
  { title: 'action' },
  { title: '' },
  { title: 'actor', cutTo: 20 },
  { title: 'facts', cutTo: 20, prose: true as const, leaves: 1 },
  { title: 'reason', cutTo: 12, prose: true as const, leaves: 2 },
  { title: 'entry', align: 'right' as const, leaves: 3 },
]

function cellsOf({ seq, time, action, outcome, actor, name, facts, reason }: AuditEntry): string[] {
  const said = Object.entries(facts).map(([fact, value]) => `${fact} ${Array.isArray(value) ? value.length : value}`)
  return [
    instant(Date.parse(time)),
    action,
    outcome === 'done' ? '' : outcome,
    name ?? actor,
    said.join(', '),
    reason ?? '',
    String(seq),
  ]
}

function verifyCommand(context: CliContext): Command {
  const command = new Command('verify').description(
    'check the chain of a ledger’s trail, also while its process runs; exits 1 at the first broken entry',
  )
  return addPlaceOptions(command)
    .option('--known <seq:hash>', 'an entry that was noted elsewhere, as in the log; it must be in the chain', headOf)
    .action(async (options: PlaceOptions & { readonly known?: AuditHead }) => {
      const [{ verifyTrail }, { auditPath }] = await Promise.all([
        import('../../audit/verify.ts'),
        import('../../audit/files.ts'),
      ])
      const { directory } = await placeOf(context, options)
      const verified = await verifyTrail(auditPath(directory), options.known ?? null)
      const { entries, segments, last, fault, notes } = verified
      if (context.json) context.stdout.write(`${jsonText({ directory, ...verified }, 2)}\n`)
      if (fault !== null) throw broken(directory, fault, entries)
      if (last === null) {
        const what = `There is no audit trail in ${directory}.`
        throw new CliError('audit_missing', what, null, 'gatehouse audit verify --directory PATH, with the ledger')
      }
      if (context.json) return
      const files = segments === 1 ? '1 file' : `${figure(segments)} files`
      const text = `✓ ${figure(entries)} entries in ${files} are as they were written; the last is ${last.seq}:${last.hash}\n${notes.map(note => `  ${note}\n`).join('')}`
      context.stdout.write(forPeople(text, context))
    })
}

function broken(directory: string, { file, line, why }: AuditFault, entries: number): CliError {
  const place = file === null ? '' : `${file}, line ${line}: `
  const what = `The audit trail in ${directory} is not whole: ${place}${why}.`
  return new CliError('audit_broken', what, `The ${figure(entries)} entries before it are as they were written.`)
}

function headOf(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined) {
    throw new InvalidArgumentError('Expected auditEntry:auditHash of a line of the log, as 41:9f86d0…')
  }
  return { seq: Number(seq), hash }
}
