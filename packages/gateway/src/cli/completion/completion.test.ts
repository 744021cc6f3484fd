import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compileCache } from '../../../../../test/support/compile-cache.ts'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { forEachCommand, wordsOf } from '../prepare.ts'
import { demoIn } from '../reach/sign-in.fixture.ts'
import { buildProgram } from '../tree.ts'
import { candidatesOf } from './candidates.ts'
import { sourceOfArgument, sourceOfOption, valueName } from './sources.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const run = promisify(execFile)

/** A directory beside a demonstration, with `gatehouse` on the PATH. */
async function startShell(t: TestContext, changes: { readonly admin?: string } = {}) {
  const house = await startHouse(t)
  const row = { callerObjectId: '00000001-2222-3333-4444-555555555555', workload: 'hr-bot' }
  await house.ledger.add(recordRow(recordId(1), { ...row, callerName: 'Alice@contoso.example' }))
  const directory = temporaryDirectory('completion')
  await demoIn(directory, house.entra, { admin: house.admin.url, ...changes })
  const program = join(directory, 'gatehouse')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(program, 0o755)
  const env = {
    ...compileCache,
    PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}`,
    ...{ HOME: directory, XDG_STATE_HOME: directory, XDG_CONFIG_HOME: directory, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
  }
  const typed = async (shell: string, ...args: readonly string[]): Promise<string[]> => {
    const { stdout } = await run(shell, args, { env, cwd: directory })
    return stdout.split('\n').filter(line => line !== '')
  }
  return { typed, directory }
}

const lines: readonly (readonly [line: string, expected: readonly string[]])[] = [
  ['gatehouse recor', ['records']],
  ['gatehouse records ta', ['tail']],
  ['gatehouse records list --outc', ['--outcome']],
  ['gatehouse records list --outcome re', ['refused']],
  ['gatehouse usage --by workload,mod', ['workload,model']],
  ['gatehouse usage --workload ', ['hr-bot', 'code-assistant']],
  ['gatehouse limits --workload h', ['hr-bot']],
  ['gatehouse instances probe e', ['east']],
  ['gatehouse chat --target ma', ['main']],
  ['./gatehouse records list --instance we', ['west']],
]

// Names are what nobody can guess; commands and options alone are in the help.
test('C9 bash completes commands, options, choices and names of the running gateway', async t => {
  const { typed } = await startShell(t)
  const lineOf = 'COMP_POINT=${#COMP_LINE}; _gatehouse; (IFS="|"; echo "=${COMPREPLY[*]}")'
  const complete = (all: readonly string[]): Promise<string[]> => {
    const each = all.map(line => `COMP_LINE='${line}'; ${lineOf}`).join('\n')
    return typed('bash', '--norc', '-c', `source <(gatehouse completion bash)\n${each}`)
  }
  const found = await complete(lines.map(([line]) => line))
  assert.deepEqual(
    found.map(one => one.slice(1).split('|').sort()),
    lines.map(([, expected]) => [...expected].sort()),
  )
  // bash breaks words at an @, and replaces what follows it.
  const callers = await complete(['gatehouse usage --caller alice', 'gatehouse usage --caller alice@con'])
  assert.deepEqual(callers, ['=Alice@contoso.example', '=contoso.example'])
  const registered = await typed('bash', '--norc', '-c', 'source <(gatehouse completion bash); complete -p gatehouse')
  assert.deepEqual(registered, ['complete -F _gatehouse gatehouse'])
})

/** A few of each kind: every line starts the program. */
const few = lines.filter(([line]) => /e recor$|outcome re|usage --workload |\.\//.test(line))

test('C9 fish completes the same', async t => {
  const { typed } = await startShell(t)
  for (const [line, expected] of few) {
    const found = await typed('fish', '--no-config', '-c', `gatehouse completion fish | source; complete -C '${line}'`)
    assert.deepEqual(found.map(one => one.split('\t')[0]).sort(), [...expected].sort(), line)
  }
})

test('C9 zsh completes the same', async t => {
  const { typed } = await startShell(t)
  // Its completion system itself, with the words that it would be shown printed instead.
  const shown = '_describe() { print -rl -- ${${(P)${@[-1]}}%%:*}; }'
  for (const [line, expected] of few) {
    const words = line.split(' ')
    const state = `words=(${words.map(word => `'${word}'`).join(' ')}); CURRENT=${words.length}`
    const script = `autoload -U compinit; compinit -D -u; source <(gatehouse completion zsh); print -r -- $_comps[gatehouse]; ${shown}; ${state}; _gatehouse`
    const [registered, ...found] = await typed('zsh', '-f', '-c', script)
    assert.equal(registered, '_gatehouse')
    assert.deepEqual(found.sort(), [...expected].sort(), line)
  }
})

// A key that hangs the shell, or writes an error into the line, is switched off by its user.
test('C9 completion shows nothing, quickly, where no gateway answers, refuses or is no gateway', async t => {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    silent.close()
    silent.closeAllConnections()
  })
  const hangs = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const { directory } = await startShell(t, { admin: hangs })
  const ask = async (...words: readonly string[]) =>
    run(process.execPath, [main, 'complete', '--', ...words], {
      cwd: directory,
      env: { ...compileCache, XDG_STATE_HOME: directory },
    })
  for (const words of [
    ['usage', '--workload', ''],
    ['usage', '--as', 'zoe', '--workload', ''],
    ['--admin', 'nonsense', 'usage', '--workload', ''],
    ['records', 'list', '--from', ''],
    ['no-such', 'thing', ''],
    ['usage', '--no-such', ''],
  ]) {
    const { stdout, stderr } = await ask(...words)
    assert.deepEqual([stdout, stderr], ['', ''], words.join(' '))
  }
  assert.match((await ask('usage', '--wor')).stdout, /^--workload\t/)
})

test('options that were given are not offered again, and `--` ends them', async () => {
  const { program } = buildProgram({ env: {}, cwd: '/' })
  const ask = async (...words: readonly string[]): Promise<readonly string[] | string> => {
    const found = await candidatesOf(program, words, async () => ['x'])
    return found === 'file' ? found : found.map(({ value }) => value)
  }
  assert.deepEqual(await ask('usage', '--workload', 'a', '--work'), [])
  assert.deepEqual(await ask('usage', '--js'), ['--json'])
  assert.deepEqual(await ask('--json', 'usage', '--js'), [])
  assert.equal(await ask('connect', '--', '--h'), 'file')
  assert.equal(await ask('serve', '-c', ''), 'file')
  assert.deepEqual(await ask('serve', '--config=x', '--no'), ['--no-watch'])
  assert.deepEqual(await ask('completion', 'f'), ['fish'])
  assert.deepEqual(await ask('comp'), ['completion'])
})

/** Values for which nothing can be offered: times, amounts, texts, ids that only records have. */
const free =
  /^(?:when|month|text|id|url|number|n|amount|tokens|ms|seconds|time|date|port|status|zone|oid|tid|appid|arm-id|role|scope|method|hash|seq:hash|question|sql|version|action|token|names|words|account)$/

// A new option of workloads that nobody listed here would complete nothing.
test('every option and argument with a value has choices, a source of names, or no names at all', () => {
  const { program } = buildProgram({ env: {}, cwd: '/' })
  const unknown: string[] = []
  forEachCommand(program, command => {
    // What a simulated instance is given is made up.
    if (command.name() === 'simulate') return
    for (const option of command.options) {
      const takes = option.required || option.optional
      const known = option.argChoices !== undefined || sourceOfOption(option) !== null
      if (takes && !known && option.long !== '--account' && !free.test(valueName(option)))
        unknown.push(`${wordsOf(command)} ${option.flags}`)
    }
    for (const argument of command.registeredArguments) {
      const known = argument.argChoices !== undefined || sourceOfArgument(argument) !== null
      if (!known && !free.test(argument.name())) unknown.push(`${wordsOf(command)} ${argument.name()}`)
    }
  })
  assert.deepEqual(unknown, [])
})
