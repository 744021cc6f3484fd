/** `gatehouse records erase` and `gatehouse records erasures`. */
import { setTimeout as wait } from 'node:timers/promises'
import { Command } from 'commander'
import { csvLine } from '../../csv.ts'
import type { EraseCertificate, ErasePreview, EraseState } from '../../ledger/privacy/index.ts'
import { shellQuoted } from '../../shell.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { periodEnd, periodHelp } from '../terminal/periods.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { figure, renderTable } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'
import { addReaderOptions, formatOf, type ReaderOptions, widthOf } from './filters.ts'
import { type SelectionOptions, selectionOf } from './record-holds.ts'

const path = '/api/v1/records/erasures'
/** Between two looks at an erasure that goes on. Milliseconds. */
const lookMs = 500

interface EraseOptions extends SelectionOptions {
  readonly caller: string
  readonly confirm?: string
  readonly reason?: string
  readonly as?: string
}

type Preview = ErasePreview & { readonly token: string; readonly expiresAtMs: number }

export function eraseCommand(context: CliContext): Command {
  return new Command('erase')
    .summary('Erase the bodies and names of one person from the ledger.')
    .description(
      'Erase the bodies and names of one person from journal, store and archives; figures stay under a pseudonym (role eraser; recorded). ' +
        'Without --confirm it changes nothing: it shows what would be removed, and the token that orders it.',
    )
    .requiredOption('--caller <who>', 'the person: object id, user:TENANT/OID, or whole display name')
    .option('--workload <name>', 'only calls as this workload')
    .option('--from <when>', `only calls from then on: ${periodHelp}`, periodEnd)
    .option('--to <when>', 'only calls up to then; a date or a month is included', periodEnd)
    .option('--confirm <token>', 'erase what the preview with this token has shown; with the same options')
    .option('--reason <text>', 'why, 3 to 500 characters, without the name: it is kept with the certificate')
    .option('--as <name>', 'do it as this account')
    .action(async (options: EraseOptions) => {
      if (options.confirm === undefined) await showPreview(context, options)
      else await erase(context, options, options.confirm)
    })
}

async function showPreview(context: CliContext, options: EraseOptions): Promise<void> {
  const body = selectionOf(options, context)
  const found = await askAdmin<Preview>(context, { path: `${path}/preview`, as: options.as, method: 'POST', body })
  context.stdout.write(context.json ? `${jsonText(found, 2)}\n` : forPeople(previewText(found, options), context))
}

/** The second step, with what the first one was given: the token is good for that alone. */
function confirmCommand(token: string, { caller, workload, from, to, as, reason }: EraseOptions): string {
  const given = { caller, workload, from, to, as }
  const same = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${shellQuoted(value)}`],
  )
  const why = reason === undefined ? '"Request 4711"' : shellQuoted(reason)
  return `gatehouse records erase ${same.join(' ')} --confirm ${token} --reason ${why} --json > certificate.json`
}

function previewText(found: Preview, options: EraseOptions): string {
  const { filter, name, records, archived, archives, segments, bodyBytes, fromMs, toMs, heldRecords, holds, feeds } =
    found
  const lines = [
    `Nothing is erased yet. An erasure of ${printableLine(name ?? filter.caller)} (${filter.caller}) would reach:`,
    `  records    ${figure(records)}${fromMs === null || toMs === null ? '' : `, from ${instant(fromMs)} to ${instant(toMs)} UTC`}`,
    `  bodies     up to ${figure(bodyBytes)} bytes, in ${figure(segments)} segments of the journal`,
    `  archives   ${figure(archived)} of the records, in ${figure(archives)} files`,
    ...(heldRecords === 0 ? [] : [`  on hold    ${figure(heldRecords)} further records stay, because of legal holds`]),
    ...holds.map(hold => `             ${hold}`),
    ...(feeds.length === 0
      ? []
      : [`  shipped    ${feeds.map(printableLine).join(', ')}: what these feeds shipped is not removed there`]),
    'Calls in flight and later ones are not touched. Figures stay, under a random pseudonym. It cannot be undone.',
    `To erase, until ${instant(found.expiresAtMs)} UTC${options.reason === undefined ? ', with the number of the request as the reason' : ''}:`,
    `  ${confirmCommand(found.token, options)}`,
  ]
  return `${lines.join('\n')}\n`
}

async function erase(context: CliContext, options: EraseOptions, token: string): Promise<void> {
  const { as, reason } = options
  if (reason === undefined) {
    const why = 'It is kept with the certificate. Give the number of the request, not the name of the person.'
    throw new CliError('usage', 'An erasure needs --reason.', why, 'gatehouse records erase --help', { exitCode: 2 })
  }
  const body = { ...selectionOf(options, context), token, reason }
  let state = await askAdmin<EraseState>(context, { path, as, method: 'POST', body })
  if (!context.json) {
    const begun = `Erasure ${state.id} has begun. It goes on if this command ends.\n`
    context.stderr.write(forPeople(begun, context, context.stderr))
  }
  while (state.state === 'running') {
    await wait(lookMs)
    state = await askAdmin<EraseState>(context, { path: `${path}/${state.id}`, as })
  }
  if (state.certificate === null) {
    const why = `${state.error ?? 'It failed.'} It is tried again within an hour, and at the next start.`
    throw new CliError(
      'erasure_failed',
      `Erasure ${state.id} has not come to its end.`,
      why,
      'gatehouse records erasures',
    )
  }
  context.stdout.write(
    context.json ? `${jsonText(state.certificate, 2)}\n` : forPeople(certificateText(state.certificate), context),
  )
}

function certificateText({
  id,
  pseudonym,
  records,
  archived,
  segments,
  archives,
  firstMs,
  lastMs,
  left,
}: EraseCertificate) {
  const bytes = segments.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
  const lines = [
    `✓ Erased: certificate ${id}`,
    `  records    ${figure(records)}${firstMs === null || lastMs === null ? '' : `, from ${instant(firstMs)} to ${instant(lastMs)} UTC`}`,
    `  bodies     ${figure(bytes)} bytes, in ${figure(segments.length)} segments`,
    `  archives   ${figure(archived)} of the records, in ${figure(archives.length)} files`,
    `  pseudonym  ${pseudonym}`,
    '  Not removed:',
    ...left.map(({ count, why }) => `  - ${count === null ? '' : `${figure(count)}: `}${printableLine(why)}`),
    'The whole certificate: gatehouse records erasures --json',
  ]
  return `${lines.join('\n')}\n`
}

export function erasuresCommand(context: CliContext): Command {
  const command = new Command('erasures').description(
    'Erasures of this ledger, newest first; the JSON has their certificates (roles eraser, auditor, admin).',
  )
  return addReaderOptions(command).action(async (options: Pick<ReaderOptions, 'format' | 'as'>) => {
    const { erasures } = await askAdmin<{ readonly erasures: readonly EraseState[] }>(context, { path, as: options.as })
    const format = formatOf(options, context)
    if (format === 'json') return void context.stdout.write(`${jsonText(erasures, 2)}\n`)
    const rows = erasures.map(cellsOf)
    if (format === 'csv') return void context.stdout.write([titles, ...rows].map(row => csvLine(row)).join(''))
    const columns = titles.map((title, index) => ({ title, ...(index > 3 ? { leaves: index } : {}) }))
    context.stdout.write(rows.length === 0 ? 'No erasures.\n' : renderTable(columns, rows, widthOf(context)))
  })
}

const titles = ['id', 'began (UTC)', 'state', 'records', 'segments', 'archives', 'reason']

function cellsOf({ id, startedAtMs, state, certificate }: EraseState): string[] {
  const figures = [certificate?.records, certificate?.segments.length, certificate?.archives.length]
  return [id, instant(startedAtMs), state, ...figures.map(value => figure(value ?? null)), certificate?.reason ?? '-']
}
