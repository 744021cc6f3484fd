/** `gatehouse simulate`: one simulated Azure OpenAI instance, for testing any client against it. */
import { CommandError, instanceOptions, type OptionRow, startInstance } from '@gatehouse/simulator/command'
import { Command, Option } from 'commander'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { stopSignal } from '../lifetime.ts'
import { jsonText } from '../terminal/printable.ts'

/** The options are those of the simulator's own command: its table names and checks them. */
export function simulateCommand(context: CliContext): Command {
  const command = new Command('simulate').description('run a simulated Azure OpenAI instance')
  const options = [...instanceOptions].map(([name, row]) => ({ name, option: optionOf(name, row) }))
  for (const { option } of options) command.addOption(option)
  return command
    .addHelpText(
      'after',
      '\nFaults: send the header x-simulator-fault, as "429;retry-after=2", or POST /_simulator/faults.\nThe bill: GET /_simulator/bill.',
    )
    .action(async (typed: Readonly<Record<string, string | string[] | true>>) =>
      simulate(context, Object.fromEntries(options.map(({ name, option }) => [name, typed[option.attributeName()]]))),
    )
}

function optionOf(name: string, { value, isList, short, standard, say }: OptionRow): Option {
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}`
  // Square brackets would make the value optional.
  const form = value === null ? '' : ` <${value.replace(/\[.*\]/, '')}${isList ? '...' : ''}>`
  return new Option(flags + form, standard === undefined ? say : `${say} (default: ${standard})`)
}

async function simulate(context: CliContext, values: Parameters<typeof startInstance>[0]): Promise<void> {
  const stopped = stopSignal()
  const instance = await startInstance(values).catch(error => {
    throw error instanceof CommandError ? inOurWords(error) : error
  })
  if (context.json) context.stdout.write(`${jsonText({ name: instance.name, url: instance.url })}\n`)
  else context.stdout.write(`${instance.name} answers on ${instance.url} (Ctrl-C ends it)\n`)
  await stopped
  await instance.close()
}

/** The same error of this command: what to type next is `gatehouse simulate`. */
function inOurWords(error: CommandError): CliError {
  const { code, message, why, next, exitCode } = error
  const typed = next?.replace(/^gatehouse-simulator(?: azure)?\b/, 'gatehouse simulate') ?? null
  return new CliError(code, message, why, typed, { cause: error, exitCode: exitCode === 2 ? 2 : 1 })
}
