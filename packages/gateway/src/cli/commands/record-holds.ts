/** `gatehouse records hold add|list|remove`. */
import { Argument, Command } from 'commander'
import { csvLine } from '../../csv.ts'
import type { LegalHold } from '../../ledger/privacy/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { periodEnd, periodHelp, periodOf } from '../terminal/periods.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { renderTable } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'
import { addReaderOptions, formatOf, type ReaderOptions, widthOf } from './filters.ts'

const path = '/api/v1/records/holds'

export interface SelectionOptions {
  readonly caller?: string
  readonly workload?: string
  readonly from?: string
  readonly to?: string
}

/** The options that say which records a hold or an erasure is about, as members of a body. */
export function selectionOf({ caller, workload, from, to }: SelectionOptions, context: CliContext): SelectionOptions {
  const period = periodOf(from, to, context.clock)
  const given = Object.entries({ caller, workload, ...period }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as SelectionOptions
}

export function holdCommand(context: CliContext): Command {
  const command = new Command('hold')
    .summary('Legal holds: add, list, remove.')
    .description('Legal holds: records that neither retention nor an erasure removes, until the hold is removed.')
  command.addCommand(addCommand(context))
  command.addCommand(listCommand(context))
  command.addCommand(removeCommand(context))
  return command
}

interface AddOptions extends SelectionOptions {
  readonly reason: string
  readonly as?: string
}

function addCommand(context: CliContext): Command {
  return new Command('add')
    .description('Set a legal hold on records, those to come included (role custodian; recorded).')
    .option('--caller <who>', 'only this caller: object id, user:TENANT/OID, app:TENANT/APPID, or whole display name')
    .option('--workload <name>', 'only this workload')
    .option('--from <when>', `only records from then on: ${periodHelp}`, periodEnd)
    .option('--to <when>', 'only records up to then; a date or a month is included', periodEnd)
    .requiredOption('--reason <text>', 'why, 3 to 500 characters; it is kept')
    .option('--as <name>', 'do it as this account')
    .action(async (options: AddOptions) => {
      const selection = selectionOf(options, context)
      if (Object.keys(selection).length === 0) {
        const why = 'Without any of --caller, --workload, --from and --to it would be on every record.'
        throw new CliError('usage', 'The hold names no records.', why, 'gatehouse records hold add --help', {
          exitCode: 2,
        })
      }
      const body = { ...selection, reason: options.reason }
      const hold = await askAdmin<LegalHold>(context, { path, as: options.as, method: 'POST', body })
      const text = forPeople(`✓ ${hold.id}  Held from now on: ${wordsOf(hold)}.\n`, context)
      context.stdout.write(context.json ? `${jsonText(hold)}\n` : text)
    })
}

function listCommand(context: CliContext): Command {
  const command = new Command('list').description(
    'The legal holds of this ledger, oldest first (roles custodian, eraser, auditor, admin).',
  )
  return addReaderOptions(command).action(async (options: Pick<ReaderOptions, 'format' | 'as'>) => {
    const { holds } = await askAdmin<{ readonly holds: readonly LegalHold[] }>(context, { path, as: options.as })
    const format = formatOf(options, context)
    if (format === 'json') context.stdout.write(`${jsonText(holds, 2)}\n`)
    else if (format === 'csv') context.stdout.write(csvOf(holds))
    else if (holds.length === 0) context.stdout.write('No legal holds.\n')
    else context.stdout.write(tableOf(holds, widthOf(context)))
  })
}

function removeCommand(context: CliContext): Command {
  return new Command('remove')
    .description('Lift a legal hold; what is too old is then deleted within an hour (role custodian; recorded).')
    .addArgument(new Argument('<id>', 'id of the hold, as "records hold list" shows it'))
    .option('--as <name>', 'do it as this account')
    .action(async (id: string, options: { readonly as?: string }) => {
      const question = { path: `${path}/${encodeURIComponent(id)}/remove`, as: options.as, method: 'POST' } as const
      const hold = await askAdmin<LegalHold>(context, question)
      const text = forPeople(`✓ ${hold.id}  No longer held: ${wordsOf(hold)}.\n`, context)
      context.stdout.write(context.json ? `${jsonText(hold)}\n` : text)
    })
}

function wordsOf({ caller, workload, fromMs, toMs }: LegalHold): string {
  const parts = [
    caller === null ? 'records of every caller' : `records of ${printableLine(caller)}`,
    ...(workload === null ? [] : [`as workload ${printableLine(workload)}`]),
    ...(fromMs === null ? [] : [`from ${instant(fromMs)} UTC`]),
    ...(toMs === null ? [] : [`before ${instant(toMs)} UTC`]),
  ]
  return parts.join(' ')
}

function tableOf(holds: readonly LegalHold[], width: number | null): string {
  const columns = [
    { title: 'id' },
    { title: 'set (UTC)', leaves: 1 },
    { title: 'caller', cutTo: 20 },
    { title: 'workload', cutTo: 12 },
    { title: 'from (UTC)', leaves: 3 },
    { title: 'before (UTC)', leaves: 2 },
    { title: 'reason', cutTo: 16 },
  ]
  const rows = holds.map(({ id, atMs, caller, workload, fromMs, toMs, reason }) => [
    ...[id, instant(atMs), caller ?? 'every', workload ?? 'every'],
    ...[fromMs === null ? '-' : instant(fromMs), toMs === null ? '-' : instant(toMs), reason],
  ])
  return renderTable(columns, rows, width)
}

const csvColumns = ['id', 'atMs', 'caller', 'workload', 'fromMs', 'toMs', 'reason', 'by'] as const

function csvOf(holds: readonly LegalHold[]): string {
  return csvLine(csvColumns) + holds.map(hold => csvLine(csvColumns.map(column => hold[column]))).join('')
}
