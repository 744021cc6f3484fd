/** `gatehouse records export` and `records verify-export`. */
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import type { Manifest } from '../exporting/manifest.ts'
import { reasonOption } from '../reach/reasoned.ts'
import { money } from '../terminal/money.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printable } from '../terminal/printable.ts'
import { figure } from '../terminal/table.ts'
import { addFilterOptions, type FilterOptions, filterQuery, wholeNumber, withPeriod } from './filters.ts'

interface ExportOptions extends FilterOptions {
  readonly out?: string
  readonly bodies?: true
  readonly raw?: true
  readonly resume?: true
  readonly retries: number
  readonly reason?: string
  readonly as?: string
  readonly format?: string
}

export function exportCommand(context: CliContext): Command {
  const command = new Command('export')
    .summary('All records that the filters select, as JSON lines of readable conversations.')
    .description(
      'All records that the filters select, newest first, as JSON lines: figures, and with --bodies what was asked and answered as messages, streams put together. FILE.manifest.json beside the file has the filter, count, sums and SHA-256.',
    )
    .option('-o, --out <file>', 'the file; it is there when it is whole (default: standard output)')
    .option('--bodies', 'prompts and completions too (role auditor, or your own calls; each export is logged)')
    .option('--raw', 'with --bodies: both bodies as they passed too, in base64')
    .option('--resume', 'resume an export to this file that broke off')
    .option(
      '--retries <number>',
      'connections without a record before it gives up',
      text => wholeNumber(text, 0, 1_000),
      6,
    )
    .option(...reasonOption)
    .option('--as <name>', 'read as this account')
  return addFilterOptions(command, null).action(async (options: ExportOptions) => runExport(context, options))
}

async function runExport(context: CliContext, options: ExportOptions): Promise<void> {
  const { out, resume, raw, bodies, retries, reason, as, format: _, ...filter } = options
  if (raw === true && bodies !== true && resume !== true) throw unfit('--raw goes with --bodies.')
  if (resume === true && out === undefined) throw unfit('--resume needs the file: -o FILE.')
  const typed = { ...filter, ...(bodies === undefined ? {} : { bodies }), ...(raw === undefined ? {} : { raw }) }
  const query = {
    ...{ format: 'conversations', ...filterQuery(await withPeriod(context, options), context) },
    ...(bodies === true ? { bodies: 'true' } : {}),
    ...(raw === true ? { raw: 'true' } : {}),
  }
  const plan = {
    ...{ query, typed: Object.keys(typed).length === 0 ? '' : JSON.stringify(typed) },
    ...{ as, reason, retries },
  }
  const { exportToFile, exportToOutput } = await import('../exporting/run.ts')
  if (out === undefined) {
    const manifest = await exportToOutput(context, plan)
    const text = forPeople(summaryText(manifest, 'on standard output', ''), context, context.stderr)
    context.stderr.write(context.json ? `${jsonText(manifest)}\n` : text)
    return
  }
  const path = resolve(context.cwd, out)
  const manifest = await exportToFile(context, path, plan, resume === true)
  const beside = `  ${path}.manifest.json says what it has.\n`
  const text = forPeople(summaryText(manifest, `in ${path}`, beside), context)
  context.stdout.write(context.json ? `${jsonText({ path, ...manifest })}\n` : text)
}

export function verifyExportCommand(context: CliContext): Command {
  return new Command('verify-export')
    .description(
      'Check that an export is as it was written: its lines against the sums and the SHA-256 of its manifest.',
    )
    .argument('<file>', 'the file; its manifest is beside it')
    .action(async (file: string) => {
      const path = resolve(context.cwd, file)
      const { verifyExport } = await import('../exporting/verify.ts')
      const manifest = await verifyExport(path)
      const { by, endedAt, gateway } = manifest
      const whole = `  As it was exported by ${by.name ?? by.key} from ${gateway.url}, ${endedAt}.\n`
      const text = forPeople(summaryText(manifest, `in ${path}`, printable(whole)), context)
      context.stdout.write(context.json ? `${jsonText({ path, ...manifest })}\n` : text)
    })
}

function summaryText({ records, tokens, costs, sha256, ownCallsOnly }: Manifest, place: string, last: string): string {
  const cost = costs.map(({ nano, currency }) => `, ${money(nano)} ${currency}`).join('')
  const own = ownCallsOnly ? '  Your own calls alone: the role auditor exports those of others.\n' : ''
  const what = records === 1 ? '1 record is' : `${figure(records)} records are`
  const sums = `  ${figure(tokens.total)} tokens${cost}\n  SHA-256 ${sha256}\n`
  return `✓ ${what} ${place}.\n${sums}${own}${last}`
}

function unfit(what: string): CliError {
  return new CliError('usage', what, null, 'gatehouse records export --help', { exitCode: 2 })
}
