/** `gatehouse config check`: everything that is wrong with a configuration, or what it comes to. */
import { Command } from 'commander'
import type { LoadedConfig } from '../../config/load.ts'
import { ConfigError } from '../../config/messages.ts'
import { restartOnly } from '../../config/restart.ts'
import type { Config } from '../../config/schema/index.ts'
import type { Diagnosis } from '../../doctor/index.ts'
import { shellQuoted } from '../../shell.ts'
import type { CliContext } from '../context.ts'
import { CliError, PrintedError } from '../errors.ts'
import { asStarted } from '../started.ts'
import { diagnosisText } from '../terminal/findings.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { problemsText } from '../terminal/problems.ts'
import { columnsIn, wrapLine } from '../terminal/wrap.ts'
import { connect, connectFailure } from './config-connect.ts'
import { configFileDefault, configOption, readConfig } from './config-file.ts'
import { summaryOf } from './config-summary.ts'

interface CheckOptions {
  readonly config: string
  readonly strict?: true
  readonly connect?: true
}

export function checkCommand(context: CliContext): Command {
  return new Command('check')
    .description('read a configuration as serve would, and say everything that is wrong with it')
    .argument('[file]', `configuration file; the same as --config (default: "${configFileDefault}")`)
    .addOption(configOption())
    .option('--strict', 'fail on warnings too')
    .option(
      '--connect',
      'also try sign-in service, instances, credentials, Redis and feeds, as serve does at its start',
    )
    .action(async (given: string | undefined, options: CheckOptions, command: Command) => {
      const file = fileOf(given, options, command)
      const loaded = await check(context, file)
      const connections = options.connect === true ? await connect(context, loaded) : null
      const failure = failureOf(file, { loaded, options, connections })
      if (!context.json) {
        context.stdout.write(checkedText(file, loaded, context))
        if (connections !== null) context.stdout.write(forPeople(`\n${diagnosisText(connections)}`, context))
        if (failure !== null) throw failure
        return
      }
      const found = { ok: failure === null, file: loaded.path, problems: [], warnings: loaded.warnings, unchecked: [] }
      const further = { restartOnly, ...(connections === null ? {} : { connections }) }
      context.stdout.write(`${jsonText({ ...found, ...further })}\n`)
      if (failure !== null) throw new PrintedError(1)
    })
}

interface Outcome {
  readonly loaded: LoadedConfig
  readonly options: CheckOptions
  readonly connections: Diagnosis | null
}

/** Null when the check passes. */
function failureOf(file: string, { loaded: { warnings }, options, connections }: Outcome): CliError | null {
  if (connections?.ok === false) return connectFailure(connections)
  if (options.strict !== true || warnings.length === 0) return null
  const what = `${warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`} in ${file}`
  return new CliError('config_warnings', what, '--strict was given.', 'fix it, or leave --strict away')
}

function fileOf(given: string | undefined, { config }: CheckOptions, command: Command): string {
  if (given === undefined) return config
  if (command.getOptionValueSource('config') === 'cli' && config !== given) {
    const what = `Two files are named: ${given} and --config ${config}.`
    throw new CliError('usage', what, null, `gatehouse config check ${given}`, { exitCode: 2 })
  }
  return given
}

/** With `--json` the problems are the result, on standard output; the exit code says the rest. */
async function check(context: CliContext, file: string): Promise<LoadedConfig> {
  try {
    return await readConfig(context, file)
  } catch (error) {
    if (!context.json || !(error instanceof CliError) || !(error.cause instanceof ConfigError)) throw error
    context.stdout.write(`${jsonText({ ok: false, ...error.cause.toJSON() })}\n`)
    throw new PrintedError(1)
  }
}

function checkedText(file: string, loaded: LoadedConfig, { program, stdout }: CliContext): string {
  const width = columnsIn(stdout)
  const { config, warnings } = loaded
  const counts = [count(config.instances, 'instance'), count(config.pools, 'pool'), count(config.workloads, 'workload')]
  const lines = [
    `✓ ${file} is valid: ${counts.join(', ')}`,
    ...summaryOf(config).map(line => `  ${line}`),
    `A reload takes every change but those of ${restartOnly.join(', ')}: these wait for a restart.`,
    ...nextSteps(file, config),
  ]
  const text = `${lines.map(line => wrapLine(asStarted(line, program), width, 4)).join('\n')}\n`
  return warnings.length === 0 ? text : `${text}\n${problemsText(file, { problems: [], warnings }, width)}`
}

/** Commands to paste: what would happen to a call of the first workload, and the start. */
function nextSteps(file: string, { collect, workloads }: Config): readonly string[] {
  const named = file === configFileDefault ? '' : ` --config ${shellQuoted(file)}`
  if (collect !== undefined) return [`Next: gatehouse collect${named}`]
  const [first] = Object.entries(workloads)
  const place = first === undefined ? '' : `/${first[1].targets[0]}/${first[0]}`
  return [
    `Next, what would happen to a call: gatehouse config explain ${place} --user OBJECT-ID${named}`,
    `Then, the start: gatehouse serve${named}`,
  ]
}

function count(named: Readonly<Record<string, unknown>>, noun: string): string {
  const entries = Object.keys(named).length
  return `${entries} ${noun}${entries === 1 ? '' : 's'}`
}
