/** `gatehouse config try`: what a configuration would have said to the latest calls of a running gateway. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { ReplayAnswer } from '../../admin/explain/schemas.ts'
import type { Problem } from '../../config/messages.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { problemsText } from '../terminal/problems.ts'
import { figure } from '../terminal/table.ts'
import { minuteOf } from '../terminal/times.ts'
import { columnsIn } from '../terminal/wrap.ts'
import { wholeNumber } from './filters.ts'

type Report = NonNullable<ReplayAnswer['report']>
type Change = Report['changes'][number]

interface TryOptions {
  readonly records: number
  readonly as?: string
  readonly strict?: true
}

const recordsMax = 1_000
/** Calls of each kind that are printed; JSON has all. */
const shownMax = 20

export function tryCommand(context: CliContext, fileDefault: string): Command {
  return new Command('try')
    .description(
      'say which of the latest calls of a running gateway would have another result; nothing is sent or changed',
    )
    .argument('[file]', 'configuration file to try', fileDefault)
    .option('--records <n>', 'the latest so many calls', text => wholeNumber(text, 1, recordsMax), recordsMax)
    .option('--strict', 'fail when a call would be refused or go elsewhere, or when that cannot be told')
    .option('--as <name>', 'read as this account')
    .action(async (file: string, options: TryOptions) => {
      const configuration = await readFile(resolve(context.cwd, file), 'utf8').catch((cause: unknown) => {
        const next = `gatehouse config init ${file}`
        throw new CliError('config_unreadable', `${file} cannot be read.`, null, next, { cause })
      })
      const answer = await askAdmin<ReplayAnswer>(context, {
        path: '/api/v1/explain/replay',
        method: 'POST',
        body: { configuration, records: options.records },
        as: options.as,
      })
      if (context.json) context.stdout.write(`${jsonText(answer, 2)}\n`)
      if (answer.report === null) throw refused(context, file, answer.problems)
      if (!context.json) context.stdout.write(forPeople(reportText(answer.report), context))
      const harmed = answer.report.changes.filter(({ kind }) => kind !== 'allowed' && kind !== 'otherwise')
      if (options.strict !== true || harmed.length === 0) return
      throw new CliError(
        'calls_change',
        `${figure(harmed.length)} calls would have another result.`,
        '--strict was given.',
      )
    })
}

function refused(context: CliContext, file: string, problems: readonly Problem[]): CliError {
  if (!context.json) context.stderr.write(`${problemsText(file, { problems }, columnsIn(context.stderr))}\n`)
  const next = `fix it, then gatehouse config try ${file}`
  return new CliError('config_invalid', `${file} cannot be used, so nothing was tried.`, null, next)
}

const titles: Readonly<Record<Change['kind'], string>> = {
  refused: '✗ would be refused now',
  elsewhere: '! would go to other instances',
  unknown: '? cannot be told',
  otherwise: '· would be refused for another reason',
  allowed: '✓ would be allowed now',
}

function reportText({ calls, same, changes, fromMs, toMs, untold }: Report): string {
  const period = fromMs === null || toMs === null ? '' : ` (${minuteOf(fromMs)} to ${minuteOf(toMs)})`
  const lines = [`${figure(calls)} calls${period}: ${figure(same)} have the same result.`]
  for (const [kind, title] of Object.entries(titles)) {
    const own = changes.filter(change => change.kind === kind)
    if (own.length === 0) continue
    lines.push('', `${title}: ${figure(own.length)}`)
    lines.push(...own.slice(0, shownMax).flatMap(changeLines))
    if (own.length > shownMax) lines.push(`  … and ${figure(own.length - shownMax)} more; --json has all`)
  }
  return `${[...lines, '', 'What records do not tell:', ...untold.map(note => `  · ${printableLine(note)}`)].join('\n')}\n`
}

function changeLines({ id, startedAtMs, caller, workload, codes, reason }: Change): readonly string[] {
  const code = codes.after ?? codes.before
  const who = [minuteOf(startedAtMs), caller ?? 'no caller', workload ?? 'no workload', code, id]
  return [`  ${printableLine(who.filter(part => part !== null).join('  '))}`, `      ${printableLine(reason)}`]
}
