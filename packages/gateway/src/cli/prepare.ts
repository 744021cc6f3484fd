/** What all commands have in common: options that each understands, one style of help, errors that are thrown. */
import { type Command, CommanderError, type HelpConfiguration, Option } from 'commander'
import { CliError } from './errors.ts'
import { examples } from './examples.ts'
import { forPeople } from './terminal/people.ts'
import { sentence } from './terminal/sentence.ts'
import { columnsIn, type Output } from './terminal/wrap.ts'

export interface ProgramParts {
  readonly stdout: Output
  /** What this program is called in texts; `startedName`. */
  readonly program: string
}

/** Forms of commands that print a result for people, or the same as JSON. */
const plainForms = ['text', 'json'] as const

/**
 * Commands without a result of their own: servers, and those that print one fixed form. All others have `--format`.
 */
const formless: ReadonlySet<string> = new Set([
  ...['serve', 'collect', 'demo', 'simulate', 'completion', 'complete', 'config schema'],
])

/**
 * Gives all commands their common parts. Mistakes on the command line are thrown instead of ending the process:
 * CliError `usage`, with the help of the command at hand as what to do. Call it after all commands are added.
 */
export function prepareProgram(program: Command, { stdout, program: name }: ProgramParts): Command {
  program
    .option('--gateway <url>', 'the gateway, as http://127.0.0.1:8080; also GATEHOUSE_GATEWAY')
    .option('--admin <url>', 'its management API, as http://127.0.0.1:8081; also GATEHOUSE_ADMIN')
    .option('--json', 'the same as --format json; errors are JSON too')
    .hook('preAction', (_, action) => takeForm(program, action))
  // Options are in columns already; notes below them are wrapped here.
  const print = (text: string): void => void stdout.write(forPeople(text, { program: name, stdout }))
  const width = (): number => columnsIn(stdout) ?? 80
  forEachCommand(program, command => {
    if (command.commands.length > 0) command.helpCommand('help [command]', 'show the help of a command')
    if (hasResult(command, program)) command.addOption(formOption(plainForms))
    const shown = examplesOf(command)
    if (shown.length > 0) command.addHelpText('after', `\nExamples:\n${shown.map(line => `  $ ${line}\n`).join('')}`)
    command
      .configureHelp(helpStyle)
      .helpOption('-h, --help', 'show this help')
      .configureOutput({
        writeOut: print,
        // A noun without its verb prints its help, which is what was asked for.
        writeErr: print,
        getOutHelpWidth: width,
        getErrHelpWidth: width,
        outputError: () => {},
      })
      .exitOverride(error => {
        throw thrownFor(error, command)
      })
  })
  return program
}

/** `--format`, as every command has it that prints a result; without it the first form is printed. */
export function formOption(forms: readonly string[]): Option {
  return new Option('--format <form>', 'form of the output').choices([...forms]).default(undefined, forms[0])
}

/** Those of the table; of a noun without any, the first one of each verb. */
function examplesOf(command: Command): readonly string[] {
  return examples[wordsOf(command)] ?? command.commands.flatMap(verb => examples[wordsOf(verb)]?.slice(0, 1) ?? [])
}

/** The words of a command without the program's, as `records list`. */
export function wordsOf(command: Command): string {
  const words: string[] = []
  for (let at: Command | null = command; at !== null && at.parent !== null; at = at.parent) words.unshift(at.name())
  return words.join(' ')
}

export function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command)
  for (const child of command.commands) forEachCommand(child, visit)
}

const helpStyle: HelpConfiguration = {
  showGlobalOptions: true,
  commandDescription: command => sentence(command.description()),
  subcommandDescription: command => sentence(command.summary() || command.description()),
  argumentDescription: ({ description, defaultValue }) =>
    sentence(`${description}${defaultValue === undefined ? '' : ` (default: ${defaultValue})`}`),
  optionDescription: option => sentence(`${option.description}${valuesText(option)}`),
  visibleGlobalOptions: command =>
    command.parent === null ? [] : topOf(command).options.filter(({ hidden, long }) => !hidden && long !== '--version'),
}

function topOf(command: Command): Command {
  let top = command
  while (top.parent !== null) top = top.parent
  return top
}

/** Choices and default as the help shows them. */
function valuesText({ argChoices, defaultValue, defaultValueDescription, required }: Option): string {
  const parts: string[] = []
  if (argChoices !== undefined) parts.push(`one of ${argChoices.join(', ')}`)
  const standard = defaultValueDescription ?? (defaultValue === undefined ? '' : String(defaultValue))
  if (required && standard !== '') parts.push(`default: ${standard}`)
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}

function hasResult(command: Command, program: Command): boolean {
  if (command === program || formless.has(wordsOf(command))) return false
  if (command.options.some(({ long }) => long === '--format')) return false
  return command.commands.length === 0
}

/** `--format json` and `--json` are one thing, before and after the name of the command. */
function takeForm(program: Command, action: Command): void {
  const option = action.options.find(({ long }) => long === '--format')
  if (option === undefined) return
  takeFromNoun(action, option)
  const form: unknown = action.getOptionValue('format')
  if (form === 'json') program.setOptionValue('json', true)
  const isJson = program.getOptionValue('json') === true
  if (!isJson || form === undefined || form === 'json' || option.argChoices?.includes('json') !== true) return
  const what = `--json and --format ${String(form)} exclude each other.`
  throw misused(action, what, '--json is the same as --format json.')
}

/** A noun with a form of its own, as `instances`, is given what is typed after its verb. */
function takeFromNoun(action: Command, option: Option): void {
  const form: unknown = action.parent?.getOptionValue('format')
  if (form === undefined) return
  const choices = option.argChoices ?? []
  if (choices.some(choice => choice === form)) action.setOptionValue('format', form)
  else
    throw misused(action, `--format ${String(form)} is not a form of this command.`, `Forms are ${choices.join(', ')}.`)
}

function misused(command: Command, what: string, why: string | null, cause?: unknown): CliError {
  const help = ['gatehouse', wordsOf(command), '--help'].filter(word => word !== '').join(' ')
  return new CliError('usage', what, why, help, { exitCode: 2, cause })
}

function thrownFor(error: CommanderError, command: Command): Error {
  // `--help`, `--version`, and a noun without its verb: commander has printed what was asked for.
  if (error.exitCode === 0) return error
  if (error.code === 'commander.help') return new CommanderError(0, error.code, error.message)
  const [what = '', ...more] = error.message.replace(/^error: /, '').split('\n')
  const hint = more.join(' ').replace(/^\((.*)\)$/, '$1')
  return misused(command, sentence(what), hint === '' ? null : sentence(hint), error)
}
