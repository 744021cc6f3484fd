import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { durationMs } from '../../config/schema/common.ts'
import type { LogState } from '../../telemetry/log/index.ts'
import type { CliContext } from '../context.ts'
import { formOption } from '../prepare.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { jsonText } from '../terminal/printable.ts'

interface LogOptions {
  readonly as?: string
}

/** `gatehouse log`: what a running process logs; `level` and `reset` change it. */
export function logCommand(context: CliContext): Command {
  const command = new Command('log')
    .summary('what a running gateway logs; change its level for a while')
    .description(
      'Level and form of the log of one process: the one at --admin. Other replicas have levels of their own.',
    )
    .addOption(formOption(['text', 'json']))
    .option('--as <name>', 'ask as this account')
  command.addCommand(levelCommand(context))
  command.addCommand(resetCommand(context))
  return command.action(async ({ as }: LogOptions) => {
    print(context, await askAdmin<LogState>(context, { path: '/api/v1/log', as }))
  })
}

function levelCommand(context: CliContext): Command {
  return new Command('level')
    .description('log from this severity on, for a while (operators); a reload of the configuration ends it')
    .addArgument(new Argument('<level>', 'least severity').choices(['debug', 'info', 'warn', 'error']))
    .addOption(new Option('--for <time>', 'how long: 90s, 15m, 2h, at most 1d').argParser(seconds).default(900, '15m'))
    .option('--as <name>', 'do it as this account')
    .action(async (level: string, options: { readonly for: number }, command: Command) => {
      const query = { level, seconds: options.for }
      const as = accountOf(command)
      print(context, await askAdmin<LogState>(context, { path: '/api/v1/log/level', query, as, method: 'POST' }))
    })
}

function resetCommand(context: CliContext): Command {
  return new Command('reset')
    .description('log as the configuration says (operators)')
    .option('--as <name>', 'do it as this account')
    .action(async (_own: unknown, command: Command) => {
      const as = accountOf(command)
      print(context, await askAdmin<LogState>(context, { path: '/api/v1/log/reset', as, method: 'POST' }))
    })
}

/** The noun also has `--as`, and commander gives it the option that follows the verb. */
function accountOf(command: Command): string | undefined {
  return command.optsWithGlobals<LogOptions>().as
}

function seconds(text: string): number {
  const found = /^\d{1,5}[smhd]$/.test(text) ? durationMs(text) / 1_000 : 0
  if (found < 1 || found > 86_400) throw new InvalidArgumentError('Expected 90s, 15m, 2h, at most 1d.')
  return found
}

function print(context: CliContext, state: LogState): void {
  context.stdout.write(context.json ? `${jsonText(state, 2)}\n` : textOf(state, context.clock()))
}

function textOf({ level, configured, untilMs, format, access }: LogState, nowMs: number): string {
  const meanwhile = untilMs === null ? '' : ` for ${spoken(untilMs - nowMs)} more; the configuration says ${configured}`
  const lines = access ? 'each call has a line when it has ended' : 'calls have no lines (log.access)'
  return `level   ${level}${meanwhile}\nform    ${format}\naccess  ${lines}\n`
}
