/** `gatehouse config show|history|apply`: the configuration of a running gateway, without secrets. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { EffectiveValue } from '../../config/effective.ts'
import type {
  Applied,
  Checked,
  ConfigurationReport,
  FileState,
  Version,
  VersionText,
} from '../../config/in-force/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { problemsText } from '../terminal/problems.ts'
import { renderTable } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'
import { columnsIn } from '../terminal/wrap.ts'
import { widthOf } from './filters.ts'

const path = '/api/v1/config'

interface AccountOptions {
  readonly as?: string
}

export function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('print the text of a running gateway’s configuration, or every value and where it comes from')
    .option('--values', 'a line per setting, defaults too')
    .option('--as <name>', 'ask as this account (operators)')
    .addHelpText('after', '\n"${kept:ID}" stands for a secret. `config apply` leaves it as it is.')
    .action(async ({ as, values }: AccountOptions & { readonly values?: true }) => {
      const report = await askAdmin<ConfigurationReport>(context, { path, as })
      if (context.json) context.stdout.write(`${jsonText(report, 2)}\n`)
      else if (values === true) context.stdout.write(valuesText(report.inForce.values, widthOf(context)))
      else context.stdout.write(report.inForce.text)
      const { waitForRestart } = report.inForce
      if (waitForRestart.length > 0) {
        const text = `! These changes wait for a restart: ${waitForRestart.join(', ')}\n`
        context.stderr.write(forPeople(text, context, context.stderr))
      }
      const note = stateNotes[report.file.state]
      if (note !== null) context.stderr.write(forPeople(`! ${report.file.path} ${note}\n`, context, context.stderr))
    })
}

const stateNotes = {
  in_force: null,
  not_taken: 'was changed, and this process has not read it yet',
  refused: 'was changed and cannot be used; what was in force before still is',
  unreadable: 'cannot be read; what was in force before still is',
} as const satisfies Record<FileState['state'], string | null>

function valuesText(values: readonly EffectiveValue[], width: number | null): string {
  const columns = [{ title: 'setting' }, { title: 'value', cutTo: 20 }, { title: 'from', leaves: 1 }]
  const rows = values.map(value => [value.path, value.value ?? '(not shown)', originOf(value)])
  return renderTable(columns, rows, width)
}

function originOf({ line, from }: EffectiveValue): string {
  const place = line === null ? 'default' : `line ${line}`
  return from === null ? place : `${place}, ${from}`
}

export function historyCommand(context: CliContext): Command {
  return new Command('history')
    .description('configurations that were in force, newest first; with a number, the text of one')
    .argument('[version]', 'number of a version')
    .option('--as <name>', 'ask as this account (operators)')
    .action(async (version: string | undefined, { as }: AccountOptions) => {
      if (version !== undefined) {
        const found = await askAdmin<VersionText>(context, {
          path: `${path}/history/${encodeURIComponent(version)}`,
          as,
        })
        context.stdout.write(context.json ? `${jsonText(found, 2)}\n` : found.text)
        return
      }
      const { versions } = await askAdmin<{ versions: readonly Version[] }>(context, { path: `${path}/history`, as })
      if (context.json) context.stdout.write(`${jsonText(versions, 2)}\n`)
      else context.stdout.write(renderTable(versionColumns, versions.map(cellsOf), widthOf(context)))
    })
}

const versionColumns = [
  { title: 'version', align: 'right' as const },
  { title: 'in force since (UTC)' },
  { title: 'how' },
  { title: 'by' },
  { title: 'digest', leaves: 1 },
]

function cellsOf({ id, takenAtMs, how, name, by, hash }: Version): string[] {
  return [String(id), instant(takenAtMs), how, name ?? by ?? '', hash.slice(0, 8)]
}

export function applyCommand(context: CliContext): Command {
  return new Command('apply')
    .description('put a text in the place of a running gateway’s file and use it, or do neither (administrators)')
    .argument('<file>', 'the text, as `config show` printed it and you changed it')
    .option('--expected <hash>', 'digest of the file that the change began with: another one is not overwritten')
    .option('--as <name>', 'do it as this account')
    .action(async (file: string, { expected, as }: AccountOptions & { readonly expected?: string }) => {
      const text = await readFile(resolve(context.cwd, file), 'utf8').catch((cause: unknown) => {
        throw new CliError('config_unreadable', `${file} cannot be read.`, null, 'gatehouse config show', { cause })
      })
      const expectedHash = expected ?? (await askAdmin<ConfigurationReport>(context, { path, as })).file.hash ?? ''
      await requireUsable(context, file, text, as)
      const body = { text, expectedHash }
      const applied = await askAdmin<Applied>(context, { path: `${path}/apply`, method: 'POST', body, as })
      context.stdout.write(context.json ? `${jsonText(applied, 2)}\n` : forPeople(appliedText(applied), context))
    })
}

/** Says everything that is wrong with it at once, as `config check` does. */
async function requireUsable(context: CliContext, file: string, text: string, as: string | undefined): Promise<void> {
  const checked = await askAdmin<Checked>(context, { path: `${path}/check`, method: 'POST', body: { text }, as })
  if (checked.problems.length === 0) return
  if (!context.json) context.stderr.write(`${problemsText(file, checked, columnsIn(context.stderr))}\n`)
  const next = `fix it, then gatehouse config apply ${file}`
  throw new CliError('config_invalid', `${file} cannot be used, so nothing was changed.`, null, next)
}

function appliedText({ hash, waitForRestart }: Applied): string {
  const waiting = waitForRestart.length === 0 ? '' : `These changes wait for a restart: ${waitForRestart.join(', ')}\n`
  return `✓ in force, digest ${hash}\n${waiting}`
}
