/** `gatehouse doctor`: examines what a gateway depends on, and says what to do. */
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { type CheckName, checkNames } from '../../doctor/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { counted, diagnosisText } from '../terminal/findings.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { configFileDefault } from './config-file.ts'

interface DoctorOptions {
  readonly config: string
  readonly only?: CheckName
}

/** Time for clients to close what they opened, in milliseconds: one that waits for an answer would keep the process. */
const lingerMs = 1_000

export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .summary('check what a gateway depends on, and say what to do')
    .description(
      'Check configuration, disk, sign-in service, instances and what else a gateway depends on. Changes nothing, and may run beside a gateway: best as its user and in its environment. Exits 1 when there is a failure.',
    )
    .option('-c, --config <file>', 'configuration file', configFileDefault)
    .addOption(new Option('--only <check>', 'this check alone').choices(checkNames))
    .action(async (options: DoctorOptions) => doctor(context, options))
}

async function doctor(context: CliContext, { config, only }: DoctorOptions): Promise<void> {
  const { diagnose } = await import('../../doctor/diagnose.ts')
  const file = resolve(context.cwd, config)
  const diagnosis = await diagnose({ file, env: context.env, only: only ?? null, clock: context.clock })
  const { counts, findings } = diagnosis
  context.stdout.write(
    context.json
      ? `${jsonText({ ok: diagnosis.ok, counts, findings }, 2)}\n`
      : forPeople(diagnosisText(diagnosis), context),
  )
  setTimeout(() => process.exit(), lingerMs).unref()
  if (diagnosis.ok) return
  const what = `doctor found ${counted(counts.failure, 'failure')}.`
  throw new CliError('doctor_failures', what, null, 'follow the arrows above, then gatehouse doctor again')
}
