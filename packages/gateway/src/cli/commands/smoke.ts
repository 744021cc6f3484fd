/** `gatehouse smoke`: a few real calls through a gateway, and whether everything that should know of them does. */
import { Command, InvalidArgumentError } from 'commander'
import { countsOf } from '../../doctor/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type StepFinding, stepNames } from '../smoke/index.ts'
import { counted, findingLines, sumsLine } from '../terminal/findings.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'

interface SmokeCommandOptions {
  readonly as?: string
  readonly reader?: string
  readonly workload?: string
  readonly target?: string
  readonly deployment?: string
  readonly callsOnly?: boolean
  readonly wait: number
}

const width = Math.max(...stepNames.map(name => name.length))

export function smokeCommand(context: CliContext): Command {
  return new Command('smoke')
    .summary('try a deployment: token, call, stream, refusal, records, feeds, spans')
    .description(
      'Make a few real calls through a gateway, which cost a few dozen tokens, and look for their records, in feeds too. It says what to do about each failure, and exits 1 when there is one. No token and no answer is printed.',
    )
    .option('--as <name>', 'call as this account')
    .option('--reader <name>', 'read records and feeds as this account (default: the one that calls)')
    .option('--workload <name>', 'workload to call as (default: the only one that the caller may use)')
    .option('--target <name>', 'instance or pool to call; needs --workload')
    .option('--deployment <name>', 'deployment that can chat (default: GATEHOUSE_DEPLOYMENT, else gpt-4o)')
    .option('--calls-only', 'look for no records: where the management API cannot be reached from here')
    .option('--wait <seconds>', 'longest wait for records, feeds and spans, each', seconds, 60)
    .action(async (options: SmokeCommandOptions) => smoke(context, options))
}

async function smoke(context: CliContext, options: SmokeCommandOptions): Promise<void> {
  if (options.target !== undefined && options.workload === undefined) {
    const why = 'The address of a target names the workload as well.'
    throw new CliError('workload_needed', '--target needs --workload.', why, 'the same with --workload NAME', {
      exitCode: 2,
    })
  }
  const { runSmoke } = await import('../smoke/run.ts')
  const { findings, requestIds } = await runSmoke(
    context,
    {
      as: options.as,
      reader: options.reader ?? options.as,
      workload: options.workload,
      target: options.target,
      deployment: options.deployment ?? context.env.GATEHOUSE_DEPLOYMENT ?? 'gpt-4o',
      callsOnly: options.callsOnly === true,
      waitMs: options.wait * 1_000,
    },
    finding => {
      if (!context.json) context.stdout.write(forPeople(linesOf(finding), context))
    },
  )
  const counts = countsOf(findings)
  const ok = counts.failure === 0
  context.stdout.write(
    context.json ? `${jsonText({ ok, counts, findings, requestIds }, 2)}\n` : `\n${sumsLine(counts)}\n`,
  )
  if (ok) return
  const what = `smoke found ${counted(counts.failure, 'failure')}.`
  throw new CliError('smoke_failures', what, null, 'follow the arrows above, then gatehouse smoke again')
}

function linesOf(finding: StepFinding): string {
  return findingLines({ ...finding, of: finding.step }, width)
    .map(line => `${line}\n`)
    .join('')
}

function seconds(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 1 && value <= 3_600)) throw new InvalidArgumentError('a whole number of seconds from 1 to 3600.')
  return value
}
