/** Where on a command line its last word stands, by the commands that there are. */
import type { Argument, Command, Option } from 'commander'

export interface Place {
  /** The command that the words before name. */
  readonly command: Command
  /** The option of which the last word is the value; null for none. */
  readonly option: Option | null
  /** The argument that the last word may be; null where no further one is taken. */
  readonly argument: Argument | null
  /** True where the name of a verb may follow. */
  readonly mayBeCommand: boolean
  /** True after `--`: all that follows are arguments. */
  readonly onlyArguments: boolean
  /** Options before the last word, with their values, by their long form. */
  readonly given: ReadonlyMap<string, string>
}

/** @param words after the name of the program, without the one that is being completed. */
export function placeOf(program: Command, words: readonly string[]): Place {
  let command = program
  let options = optionsOf(program, command)
  let taken = 0
  let onlyArguments = false
  let option: Option | null = null
  const given = new Map<string, string>()
  for (const word of words) {
    if (option !== null) {
      given.set(option.long ?? '', word)
      option = null
    } else if (onlyArguments) taken += 1
    else if (word === '--') onlyArguments = true
    else if (word.startsWith('-')) option = optionIn(options, word, given)
    else {
      const verb = taken === 0 ? command.commands.find(one => one.name() === word) : undefined
      if (verb === undefined) taken += 1
      else command = verb
      options = optionsOf(program, command)
    }
  }
  const { registeredArguments: all } = command
  const last = all.at(-1)
  const argument = all[taken] ?? (last?.variadic === true ? last : null)
  const mayBeCommand = taken === 0 && !onlyArguments && command.commands.length > 0
  return { command, option, argument, mayBeCommand, onlyArguments, given }
}

/** Options that may be typed after this command. */
export function optionsOf(program: Command, command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command)
  return command === program ? own : [...own, ...command.createHelp().visibleGlobalOptions(command)]
}

/** The option when its value is the next word; notes it in `given` otherwise. */
function optionIn(options: readonly Option[], word: string, given: Map<string, string>): Option | null {
  const [name = '', ...value] = word.split('=')
  const option = options.find(({ long, short }) => long === name || short === name)
  if (option === undefined) return null
  if (value.length === 0 && (option.required || option.optional)) return option
  given.set(option.long ?? '', value.join('='))
  return null
}
