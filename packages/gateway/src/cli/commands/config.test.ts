import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import { Command } from 'commander'
import { exampleText } from '../../config/example.ts'
import { jsonSchemaText } from '../../config/json-schema.ts'
import type { ExplainQuestion } from '../../gateway/explain/question.ts'
import type { CliContext } from '../context.ts'
import { reportError } from '../errors.ts'
import { prepareProgram } from '../prepare.ts'
import { configCommand } from './config.ts'
import type { Explain } from './config-explain.ts'

/** The example with values of one's own in the place of its placeholders. */
async function ownText(): Promise<string> {
  const text = await exampleText()
  return text.replaceAll('00000000-0000-0000-0000-', '10000000-0000-4000-8000-').replaceAll('//your-', '//contoso-')
}

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-cli-config-'))
  await writeFile(join(directory, 'example.yaml'), await ownText())
})
after(() => rm(directory, { recursive: true }))

interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const unused = (): Promise<never> => Promise.reject(new TypeError('these commands need no gateway'))
const passAll: Explain = () => [{ stage: 'resolve', verdict: 'pass', text: 'target main, workload hr-bot' }]

async function run(args: readonly string[], options: { json?: boolean; explain?: Explain | null } = {}): Promise<Run> {
  const written = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string): void => {
      written[name] += text
    },
  })
  const context: CliContext = {
    env: {},
    program: 'gatehouse',
    cwd: directory,
    stdin: Readable.from([]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    clock: () => 1_700_000_000_000,
    json: options.json ?? false,
    lookedUp: new Map(),
    demo: async () => null,
    gateway: unused,
    admin: unused,
    originOf: async address => `--${address}`,
    token: unused,
  }
  const explain = options.explain === undefined ? passAll : options.explain
  const program = new Command('gatehouse').addCommand(configCommand(context, explain))
  prepareProgram(program, context)
  const exitCode = await program.parseAsync(['config', ...args], { from: 'user' }).then(
    () => 0,
    (error: unknown) => reportError(error, { json: context.json, stderr: context.stderr }),
  )
  return { exitCode, ...written }
}

suite('config check', () => {
  test('a valid file is reported as valid', async () => {
    const { exitCode, stdout } = await run(['check', '--config', 'example.yaml'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^✓ example\.yaml is valid: 2 instances, 1 pool, 2 workloads\n/)
    // An operator sees at a glance whether it is what was meant.
    assert.match(stdout, /\n {2}hr-bot {9}application 10000000…, group 10000000…; main: gpt-4o, .*; 500 USD a month, /)
    assert.match(stdout, /\n {2}expert-finder {2}role ExpertFinder\.Use; sweden: .*; no budget of its own; no prompts/)
    assert.match(stdout, /\n {2}Prompts and answers can be read by auditors \(person 10000000…\)\.\n/)
    assert.match(stdout, /\n {2}Ledger: .*\/ledger, figures for 400 days, prompts and answers for 30 days\.\n/)
    // H5 An operator must know what a reload does not change before taking a role away.
    assert.match(
      stdout,
      /\nA reload takes every change but those of gateway\.listen, .*admin\.listen, .*: these wait for a restart\.\n/,
    )
    // What is typed next must run as it is printed, with the names of this file.
    const next = stdout.split('\n').slice(-3)
    assert.deepEqual(next, [
      'Next, what would happen to a call: gatehouse config explain /main/hr-bot --user OBJECT-ID --config example.yaml',
      'Then, the start: gatehouse serve --config example.yaml',
      '',
    ])
  })

  // An operator fixes a file by the printed text, a pipeline reads the JSON and the exit code.
  test('an invalid file is reported problem by problem, also as JSON, with exit code 1', async () => {
    await writeFile(
      join(directory, 'bad.yaml'),
      (await ownText()).replace('listen:', 'lisetn:').replace('[main]', '[mian]'),
    )
    const plain = await run(['check', '-c', 'bad.yaml'])
    assert.equal(plain.exitCode, 1)
    assert.match(
      plain.stderr,
      /bad\.yaml:9:3 {2}gateway\.lisetn\n {2}seen {6}lisetn\n {2}expected .*\n {2}nearest {3}listen\n/,
    )
    assert.match(plain.stderr, /workloads\.hr-bot\.targets\[0\]\n {2}seen {6}"mian"\n.*\n {2}nearest {3}main\n/)
    assert.match(
      plain.stderr,
      /✗ config_invalid {2}2 problems in bad\.yaml\n {2}Try: fix it, then .* check bad\.yaml\n$/,
    )

    const json = await run(['check', '-c', 'bad.yaml'], { json: true })
    assert.equal(json.exitCode, 1)
    const result = JSON.parse(json.stdout)
    assert.equal(result.ok, false)
    assert.deepEqual(
      result.problems.map((problem: { nearest: string }) => problem.nearest),
      ['listen', 'main'],
    )
    assert.equal(result.code, 'config_invalid')
    // Two documents of two streams are none for a pipeline that reads both.
    assert.equal(json.stderr, '')
  })

  test('warnings are reported, and fail the check only on request', async () => {
    const text = (await ownText()).replace(/ {2}roles:\n( {4}.*\n)+/, '')
    await writeFile(join(directory, 'warned.yaml'), text)
    const mild = await run(['check', '-c', 'warned.yaml'])
    assert.equal(mild.exitCode, 0)
    assert.match(mild.stdout, /is valid[\s\S]*\n\nwarnings\n\nwarned\.yaml:\d+:\d+ {2}admin\.roles\n/)
    const strict = await run(['check', '-c', 'warned.yaml', '--strict'])
    assert.equal(strict.exitCode, 1)
    assert.match(strict.stderr, /config_warnings/)
    assert.equal(JSON.parse((await run(['check', '-c', 'warned.yaml'], { json: true })).stdout).warnings.length, 1)
  })

  test('a missing file says how to get one', async () => {
    const { exitCode, stderr } = await run(['check'])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^✗ config_unreadable {2}gatehouse\.yaml cannot be read\.\n {2}.*there is no such file.*\n {2}Try: gatehouse config init gatehouse\.yaml\n$/,
    )
  })

  test('the file is an argument as well as an option, and two different files are refused', async () => {
    assert.equal((await run(['check', 'example.yaml'])).exitCode, 0)
    assert.equal((await run(['check', 'example.yaml', '-c', 'example.yaml'])).exitCode, 0)
    const two = await run(['check', 'example.yaml', '-c', 'other.yaml'])
    assert.equal(two.exitCode, 2)
    assert.match(two.stderr, /Two files are named: example\.yaml and --config other\.yaml\./)
  })

  test('what could not be checked is said at the end, with the reason', async () => {
    const text = (await ownText()).replace('- { instance: sweden, priority: 2 }', '- { instance: nowhere }')
    await writeFile(join(directory, 'hidden.yaml'), text)
    const { stderr } = await run(['check', 'hidden.yaml'])
    assert.match(
      stderr,
      /\n\nNot checked:\n {2}workloads\.hr-bot\.deployments, because pool main has an unknown member\n/,
    )
    const json = JSON.parse((await run(['check', 'hidden.yaml'], { json: true })).stdout)
    assert.deepEqual(json.unchecked, ['workloads.hr-bot.deployments, because pool main has an unknown member'])
  })

  test('a single problem is printed once', async () => {
    await writeFile(join(directory, 'one.yaml'), (await ownText()).replace('listen:', 'lisetn:'))
    const { stderr } = await run(['check', '-c', 'one.yaml'])
    assert.match(stderr, /✗ config_invalid {2}1 problem in one\.yaml\n {2}Try: .*\n$/)
    assert.equal(stderr.split('gateway.lisetn').length, 2, stderr)
  })
})

suite('config init and schema', () => {
  test('init writes a file that check accepts, and its schema', async () => {
    assert.equal((await run(['init', 'new.yaml'])).exitCode, 0)
    const checked = await run(['check', 'new.yaml'])
    assert.equal(checked.exitCode, 0)
    // A gateway with the tenant of the example would start and refuse every caller.
    assert.match(
      checked.stdout,
      /identity\.entra\.tenants\[0\]\n.*\n.* this is a placeholder of gatehouse config init\n/,
    )
    assert.equal(await readFile(join(directory, 'gatehouse.schema.json'), 'utf8'), jsonSchemaText())
    assert.equal((await run(['schema'])).stdout, jsonSchemaText())
  })

  test('schema with a path explains one key', async () => {
    const { exitCode, stdout } = await run(['schema', 'workloads.hr-bot.limits'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^workloads\.NAME\.limits\n {2}Limits of the workload\.\n/)
    assert.match(
      stdout,
      /\n {2}value {4}a mapping\n {2}default {2}none\n {2}example {2}limits: \{ tokensPerMinute: 60000 \}\n/,
    )
    assert.match(stdout, /\n {4}costPerMonth {2}an amount with its currency\n {6}Cost in a calendar month\.\n/)
    const [{ path, example }] = JSON.parse(
      (await run(['schema', 'pools.main.members[0].priority'], { json: true })).stdout,
    )
    assert.deepEqual([path, example], ['pools.NAME.members[].priority', 'priority: 1'])
  })

  test('schema with an unknown key names the nearest one', async () => {
    const { exitCode, stderr } = await run(['schema', 'workloads.hr-bot.limits.monthlyBudget'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /✗ key_unknown {2}workloads\.NAME\.limits has no key monthlyBudget/)
    assert.match(stderr, /Try: gatehouse config schema workloads\.NAME\.limits\.costPerMonth\n/)
    assert.match((await run(['schema', 'costPerMont'])).stderr, /Try: gatehouse config schema costPerMonth\n/)
  })

  // Overwriting a configuration destroys somebody's work.
  test('init overwrites nothing without --force', async () => {
    await writeFile(join(directory, 'mine.yaml'), 'mine')
    const refused = await run(['init', 'mine.yaml'])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /file_exists/)
    assert.equal(await readFile(join(directory, 'mine.yaml'), 'utf8'), 'mine')
    assert.equal((await run(['init', 'mine.yaml', '--force'])).exitCode, 0)
    assert.equal(await readFile(join(directory, 'mine.yaml'), 'utf8'), await exampleText())
  })

  test('init says when it cannot write', async () => {
    const { exitCode, stderr } = await run(['init', 'no/such/directory/gatehouse.yaml'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /file_unwritable.*\n.*ENOENT/)
  })
})

suite('config explain', () => {
  const oid = '44444444-0000-4000-8000-00000000000A'
  const base = ['explain', '/main/hr-bot/openai/v1/chat/completions', '-c', 'example.yaml']

  async function questionOf(...args: string[]): Promise<ExplainQuestion> {
    const questions: ExplainQuestion[] = []
    const explain: Explain = (_config, question) => {
      questions.push(question)
      return passAll(_config, question)
    }
    const { exitCode, stderr } = await run([...base, ...args], { explain })
    assert.equal(exitCode, 0, stderr)
    return questions[0] ?? assert.fail('nothing was asked')
  }

  test('explain asks about the call that the options describe', async () => {
    const person = await questionOf('--user', oid, '--group', oid, '--role', 'A', '--role', 'B', '--model', 'gpt-4o')
    assert.equal(person.method, 'POST')
    assert.equal(person.url, '/main/hr-bot/openai/v1/chat/completions')
    assert.equal(person.model, 'gpt-4o')
    assert.equal(person.caller?.kind, 'user')
    assert.equal(person.caller?.objectId, oid.toLowerCase())
    assert.equal(person.caller?.tenantId, '10000000-0000-4000-8000-000000000001')
    assert.deepEqual(person.caller?.roles, ['A', 'B'])
    assert.deepEqual(person.caller?.groups, [oid.toLowerCase()])

    const application = await questionOf('--app', oid, '--workload-header', 'hr-bot', '--method', 'get')
    assert.equal(application.caller?.kind, 'application')
    assert.equal(application.caller?.appId, oid.toLowerCase())
    assert.deepEqual(application.headers, { 'x-gatehouse-workload': 'hr-bot' })
    assert.equal(application.method, 'GET')
    assert.equal((await questionOf()).caller, null)
  })

  test('an endpoint is completed by a usual operation, and the answer says so', async () => {
    const endpoint = await run(['explain', 'https://gw.example/main/hr-bot', '-c', 'example.yaml'])
    assert.match(
      endpoint.stdout,
      /^\/main\/hr-bot is an endpoint\. This explains POST \/main\/hr-bot\/openai\/v1\/chat\/completions, model gpt-4o\.\n/,
    )
    const finder = await run(['explain', '/sweden/expert-finder/openai/v1/', '-c', 'example.yaml'])
    assert.match(finder.stdout, /POST \/sweden\/expert-finder\/openai\/v1\/embeddings, model text-embedding-3-small\./)
    const list = await run(['explain', 'https://gw.example/v1', '--method', 'get', '-c', 'example.yaml'])
    assert.match(list.stdout, /This explains GET \/v1\/models\.\n/)
  })

  test('explain takes the path of a whole URL, and leaves a path as it was typed', async () => {
    const seen: string[] = []
    const explain: Explain = (config, question) => {
      seen.push(question.url)
      return passAll(config, question)
    }
    for (const url of [
      'https://h.example/main/x?api-version=1',
      '/main/../a//b',
      'http://h:1/a/%2e%2e/b',
      'https://h',
    ]) {
      await run(['explain', url, '-c', 'example.yaml'], { explain })
    }
    assert.deepEqual(seen, ['/main/x?api-version=1', '/main/../a//b', '/a/%2e%2e/b', '/'])
  })

  test('steps are printed in order; a refusal ends with exit code 1', async () => {
    const explain: Explain = () => [
      { stage: 'resolve', verdict: 'pass', text: 'target main, workload hr-bot' },
      { stage: 'authorize', verdict: 'refuse', text: 'no rule of hr-bot matches', refusal: 'caller_not_bound' },
    ]
    const plain = await run([...base, '--user', oid], { explain })
    assert.equal(plain.exitCode, 1)
    assert.equal(
      plain.stdout,
      [
        `POST /main/hr-bot/openai/v1/chat/completions as user ${oid.toLowerCase()}`,
        '  ✓ resolve    target main, workload hr-bot',
        '  ✗ authorize  no rule of hr-bot matches (caller_not_bound)',
        '',
      ].join('\n'),
    )
    assert.match(plain.stderr, /✗ refused {2}The call would be refused with caller_not_bound\./)
    const json = JSON.parse((await run([...base, '--user', oid], { explain, json: true })).stdout)
    assert.equal(json.allowed, false)
    assert.equal(json.steps.length, 2)
  })

  // The verifier rejects such tokens before it looks at anything else.
  test('a caller of a tenant that is not accepted is refused', async () => {
    const { exitCode, stdout } = await run([...base, '--user', oid, '--tenant', oid], { explain: null })
    assert.equal(exitCode, 1)
    assert.match(stdout, /✗ authenticate {2}401: The token is of tenant .* \(token_tenant\)/)
  })

  // An explanation that differs from the gateway's behavior is worse than none.
  test("the data plane's own explanation is what is printed", async () => {
    const app = '10000000-0000-4000-8000-000000000005'
    const allowed = await run([...base, '--app', app, '--model', 'gpt-4o'], { explain: null })
    assert.equal(allowed.exitCode, 0, allowed.stderr)
    assert.match(
      allowed.stdout,
      /✓ resolve .*\n.*✓ authenticate .*\n.*✓ authorize .*hr-bot.*\n[^✓]*✓ receive .*\n.*✓ locate .*\n.*✓ admit .*\n +· hr-bot: 60,000 tokens per minute .*\n[^✓]*✓ dispatch .*east-ptu.*\n +· east-ptu: /,
    )
    const refused = await run([...base, '--user', oid, '--model', 'gpt-4o'], { explain: null })
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout, /✗ authorize .*caller_not_bound/)
    // Without the rules, a refused caller does not know what to ask for.
    assert.match(refused.stdout, / · needs application 10000000-0000-4000-8000-000000000005; the caller is a person\n/)
    assert.match(refused.stdout, / · needs group 10000000-0000-4000-8000-000000000006; the caller has no group\n/)
  })

  // Before a rule is written, one asks what a group may do, and has no person of it at hand.
  test('a group, a role or a scope alone is a made-up person who has it', async () => {
    const group = '10000000-0000-4000-8000-000000000006'
    const allowed = await run([...base, '--group', group, '--model', 'gpt-4o'], { explain: null })
    assert.equal(allowed.exitCode, 0, allowed.stderr)
    assert.match(allowed.stdout, /^POST \S+ as a made-up person\n/)
    for (const args of [
      ['--group', oid],
      ['--role', 'A'],
      ['--scope', 'A'],
    ]) {
      const refused = await run([...base, ...args, '--model', 'gpt-4o'], { explain: null })
      assert.equal(refused.exitCode, 1, args.join(' '))
      assert.match(refused.stdout, /✗ authorize .*caller_not_bound/)
    }
  })

  test('a managed identity alone is refused with the option that is missing', async () => {
    const { exitCode, stderr } = await run([...base, '--managed-identity', '/subscriptions/x'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--managed-identity needs --app\.\n {2}Add its client id\./)
  })

  test('options that describe no caller are a usage error', async () => {
    assert.equal((await run(['explain', 'main/hr-bot', '-c', 'example.yaml'])).exitCode, 2)
    for (const args of [['--user', 'alice'], ['--group', 'hr'], ['--user', oid, '--app', oid], ['--nonsense']]) {
      assert.equal((await run([...base, ...args])).exitCode, 2, args.join(' '))
    }
  })
})
