/** `gatehouse completion SHELL`, and the hidden `gatehouse complete` that the scripts of shells call. */
import { Argument, Command } from 'commander'
import { candidatesOf } from '../completion/candidates.ts'
import { namesOf } from '../completion/names.ts'
import { fileLine, type Shell, scripts, shells } from '../completion/scripts.ts'
import type { CliContext } from '../context.ts'
import { asStarted } from '../started.ts'

/** Longest wait for names of the gateway, in milliseconds: a person waits at the key. */
const namesMs = 2_000

export function completionCommand(context: CliContext): Command {
  return new Command('completion')
    .summary('completion of commands, options and names in bash, zsh or fish')
    .description(
      'Print a script for your shell. It completes commands, options and their choices, and names from the gateway: workloads, callers, instances, deployments, feeds. Where no gateway answers within two seconds, it shows no names.',
    )
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .action((shell: Shell) => {
      context.stdout.write(scripts[shell])
    })
}

/** Prints what can be typed next, a line each: the value, a tab, what it is. Prints nothing where that is not known. */
export function completeCommand(context: CliContext): Command {
  return new Command('complete')
    .description('words that can be typed next, for the scripts of `gatehouse completion`')
    .argument('[words...]', 'the words after the name of the program; the last one is being typed')
    .action(async (words: string[], _options: unknown, command: Command) => {
      const program = command.parent
      if (program === null) return
      const inTime = setTimeout(() => process.exit(0), namesMs)
      try {
        const found = await candidatesOf(program, words, async (kind, { given }) => {
          for (const name of ['gateway', 'admin']) program.setOptionValue(name, given.get(`--${name}`))
          return namesOf(kind, context, given.get('--as'))
        })
        const lines = found === 'file' ? [fileLine] : found.map(({ value, what }) => `${value}\t${what}`)
        if (lines.length > 0) context.stdout.write(`${asStarted(lines.join('\n'), context.program)}\n`)
      } catch {
        // Text in the middle of a line that is being typed would only be in the way.
      } finally {
        clearTimeout(inTime)
      }
    })
}
