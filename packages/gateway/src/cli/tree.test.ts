import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { type ExitCode, reportError } from './errors.ts'
import { examples } from './examples.ts'
import { forEachCommand, wordsOf } from './prepare.ts'
import { columnsOf } from './terminal/printable.ts'
import { buildProgram } from './tree.ts'

interface Ran {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** Runs a command line that does not get to its action. */
async function run(words: readonly string[], columns?: number): Promise<Ran> {
  const written = { out: '', err: '' }
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  const stdout = { ...terminal, write: (text: string) => (written.out += text) }
  const stderr = { write: (text: string) => (written.err += text) }
  const { program } = buildProgram({ stdout, stderr, env: {}, cwd: '/' })
  const code = await program.parseAsync([...words], { from: 'user' }).then(
    () => 0 as const,
    (error: unknown) => reportError(error, { json: false, stderr }),
  )
  return { code, ...written }
}

const commands: Command[] = []
forEachCommand(buildProgram({ env: {}, cwd: '/' }).program, command => commands.push(command))
const nameOf = (command: Command): string => wordsOf(command) || '(the program)'
const split = (command: Command): string[] =>
  wordsOf(command)
    .split(' ')
    .filter(word => word !== '')

/** A capital letter, a sign, or a name of code at the start; a full stop or another end of a sentence at the end. */
const style = /^(?:[^a-z]|[a-z]+[A-Z_.:/-]).*[.!?:…]$/s

/** "Prints a script" beside "Print a script": one program speaks in one form. */
const thirdPerson =
  /(?:^|[.!?:] )(?:Answers|Asks|Checks|Erases|Listens|Looks|Makes|Prints|Puts|Reads|Runs|Says|Sends|Sets|Shows|Takes|Tries|Writes) /

// Half of the texts in another style make a program look as if it were put together of parts.
test('every command has a description, options and arguments in one style, and examples that its options allow', async () => {
  assert.ok(commands.length > 40, 'all commands are seen')
  for (const command of commands) {
    const help = command.createHelp()
    const texts = [
      help.commandDescription(command),
      ...(command.parent === null ? [] : [help.subcommandDescription(command)]),
      ...help.visibleArguments(command).map(argument => help.argumentDescription(argument)),
      ...[...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map(option =>
        help.optionDescription(option),
      ),
    ]
    for (const text of texts) {
      assert.match(text, style, nameOf(command))
      assert.doesNotMatch(text, thirdPerson, nameOf(command))
    }
    const { code, out, err } = await run([...split(command), '--help'])
    assert.deepEqual([code, err], [0, ''], nameOf(command))
    assert.match(out, /\n\nExamples:\n {2}\$ \S/, `${nameOf(command)}: examples.ts has none`)
    assert.match(out, /^ {2}--json +The same as --format json/m, nameOf(command))
  }
  assert.deepEqual(
    Object.keys(examples).filter(words => commands.every(command => wordsOf(command) !== words)),
    [],
    'examples of commands that there are not',
  )
})

// A terminal breaks long lines in the middle of a word.
test('the help of every command is at most 80 columns wide, but for examples to paste', async () => {
  for (const command of commands) {
    const { out } = await run([...split(command), '--help'], 80)
    const wide = out.split('\n').filter(line => columnsOf(line) > 80 && !line.startsWith('  $ '))
    assert.deepEqual(wide, [], nameOf(command))
  }
})

// An example that fails when it is typed is worse than none.
test('every example names a command that there is, and only options that it has', () => {
  for (const line of Object.values(examples).flat()) {
    const typed = /\bgatehouse( .*)?$/.exec(line)?.[1]?.split(/[|>)]| -- /)[0] ?? ''
    const words = typed.match(/"[^"]*"|[^\s"]+/g) ?? []
    let [command] = commands
    let at = 0
    for (; at < words.length; at += 1) {
      const next: Command | undefined = command?.commands.find(one => one.name() === words[at])
      if (next === undefined) break
      command = next
    }
    assert.ok(command !== undefined && command.parent !== null, line)
    const known = [...command.options, ...(commands[0]?.options ?? [])].map(({ long }) => long)
    const options = words.slice(at).filter(word => word.startsWith('--'))
    for (const option of options) assert.ok(known.includes(option), `${line}: ${option}`)
  }
})

// Each peer points at the help of the command at hand; the help of the program alone has 27 commands to look through.
test('C3 every command answers an unknown option with exit code 2 and its own help as what to do', async () => {
  for (const command of commands) {
    const words = split(command)
    const needed = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? '', '7d'])
    const { code, out, err } = await run([...words, ...needed, '--no-such-option'])
    assert.deepEqual([code, out], [2, ''], nameOf(command))
    const help = ['gatehouse', ...words, '--help'].join(' ')
    assert.equal(err, `✗ usage  Unknown option '--no-such-option'.\n  Try: ${help}\n`, nameOf(command))
  }
})

// `gatehouse | less` was empty.
test('C10 the program alone, and a noun without its verb, print their help on standard output', async () => {
  for (const command of commands.filter(one => one.commands.length > 0 && !takesFormat(one))) {
    const { code, out, err } = await run(split(command))
    assert.deepEqual([code, err], [0, ''], nameOf(command))
    assert.match(out, /^Usage: gatehouse .*\[command\]\n/, nameOf(command))
  }
})

const takesFormat = (command: Command): boolean => command.options.some(({ long }) => long === '--format')

// Two ways to say one thing, of which a command knows the one or the other, have to be tried out.
test('C11 every command with a result takes --format, says which form it prints without it, and --json as the same', async () => {
  const without = commands.filter(command => command.commands.length === 0 && !takesFormat(command)).map(nameOf)
  assert.deepEqual(without, ['demo', 'serve', 'collect', 'config schema', 'simulate', 'completion', 'complete'])
  for (const command of commands.filter(takesFormat)) {
    const option = command.options.find(({ long }) => long === '--format')
    assert.ok(option !== undefined)
    assert.match(command.createHelp().optionDescription(option), /default: |choices|the name|called/, nameOf(command))
  }
  const both = await run(['usage', '--json', '--format', 'csv'])
  assert.deepEqual([both.code, both.out], [2, ''])
  assert.match(both.err, /^✗ usage {2}--json and --format csv exclude each other\./)
  const verb = await run(['instances', 'probe', 'eu1', '--format', 'table'])
  const text = 'Forms are text, json.\n  Try: gatehouse instances probe --help\n'
  assert.deepEqual([verb.code, verb.err], [2, `✗ usage  --format table is not a form of this command.\n  ${text}`])
})

test('an unknown command is said to be unknown, with the nearest', async () => {
  const { code, err } = await run(['recrods', 'list'])
  assert.deepEqual(
    [code, err],
    [2, "✗ usage  Unknown command 'recrods'.\n  Did you mean records?\n  Try: gatehouse --help\n"],
  )
})
