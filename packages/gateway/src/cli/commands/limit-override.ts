import { Argument, Command, Option } from 'commander'
import type { OverrideAnswer } from '../../admin/override-schemas.ts'
import { untilForms } from '../../admin/until.ts'
import { limitNames } from '../../config/schema/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { expiry } from '../terminal/times.ts'

interface OverrideOptions {
  readonly to?: string
  readonly until?: string
  readonly amount?: string
  readonly reason?: string
  readonly end?: boolean
  readonly as?: string
}

/** `gatehouse limits override RULE`: changes a limit for a time. */
export function limitOverrideCommand(context: CliContext): Command {
  return new Command('override')
    .summary('Change a limit for a time, or end that.')
    .description(
      'Change a limit for a time, at all replicas and over restarts (role operator; recorded). It ends by itself. ' +
        'What was used stays counted. `gatehouse limits` shows it.',
    )
    .addArgument(new Argument('<rule>', 'name of the rule, as `gatehouse limits` and refusals have it'))
    .option(
      '--to <amount>',
      '2x for twice the configured limit, or an amount as in the configuration (60000, "500 USD")',
    )
    .option('--until <when>', `when it ends: ${untilForms}; days are those of limits.timeZone`)
    .addOption(new Option('--amount <name>', 'only this amount of the rule; default: all of them').choices(limitNames))
    .option('--reason <text>', 'why, 3 to 500 characters; it is kept')
    .option('--end', 'end it now: the limit of the configuration counts again')
    .option('--as <name>', 'do it as this account')
    .action(async (rule: string, _own: unknown, command: Command) => {
      // `limits` has options of these names too, and takes them from the line.
      const options = command.optsWithGlobals<OverrideOptions>()
      const answer = options.end === true ? await end(context, rule, options) : await begin(context, rule, options)
      context.stdout.write(context.json ? `${jsonText(answer)}\n` : forPeople(textOf(answer, context.clock()), context))
    })
}

const path = '/api/v1/limits/overrides'

function begin(context: CliContext, rule: string, options: OverrideOptions): Promise<OverrideAnswer> {
  const { to, until, reason, as } = options
  const lacking = Object.entries({ '--to': to, '--until': until, '--reason': reason })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name)
  if (lacking.length > 0) {
    const why = 'An override says what the limit is, until when, and why.'
    throw usage(`${lacking.join(', ')} ${lacking.length === 1 ? 'is' : 'are'} missing.`, why)
  }
  const body = { rule, to, until, reason, ...measureOf(options) }
  return askAdmin<OverrideAnswer>(context, { path, as, method: 'POST', body })
}

function end(context: CliContext, rule: string, options: OverrideOptions): Promise<OverrideAnswer> {
  if (options.to !== undefined || options.until !== undefined) {
    throw usage('--end goes without --to and --until.', 'It ends an override now.')
  }
  const body = { rule, ...measureOf(options) }
  return askAdmin<OverrideAnswer>(context, { path: `${path}/end`, as: options.as, method: 'POST', body })
}

function measureOf({ amount }: OverrideOptions): { readonly measure?: string } {
  if (amount === undefined) return {}
  return { measure: amount }
}

function usage(what: string, why: string): CliError {
  return new CliError('usage', what, why, 'gatehouse limits override --help', { exitCode: 2 })
}

const notYet = '! Redis does not answer: the other replicas follow when it does.\n'

function textOf({ rule, measure, untilMs, sharing }: OverrideAnswer, nowMs: number): string {
  const which = measure === null ? printableLine(rule) : `${measure} of ${printableLine(rule)}`
  const done =
    untilMs === null
      ? `✓ ${which}: the limit of the configuration counts again.\n`
      : `✓ ${which}: changed until ${expiry(untilMs, nowMs)}. gatehouse limits shows it.\n`
  return sharing === 'away' ? done + notYet : done
}
