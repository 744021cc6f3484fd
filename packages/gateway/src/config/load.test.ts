// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own expressions.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { exampleText } from './example.ts'
import { type LoadedConfig, loadConfig, parseConfig } from './load.ts'
import { ConfigError, type Problem, renderProblems } from './messages.ts'

const tenant = '11111111-2222-3333-4444-555555555555'
const minimal = `
identity: { entra: { tenants: [${tenant}], audiences: [api://own] } }
instances:
  one:
    endpoint: https://one.openai.azure.com
    deployments: { gpt-4o: { model: gpt-4o } }
workloads:
  bot: { callers: [{ role: Bot.Use }], targets: [one], deployments: [gpt-4o] }
`

interface Surroundings {
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
}

async function parse(text: string, { env = {}, files = {} }: Surroundings = {}): Promise<LoadedConfig> {
  const readFile = async (path: string): Promise<string> => {
    const content = files[path]
    if (content === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' })
    return content
  }
  return parseConfig(text, { path: '/etc/gatehouse/gatehouse.yaml', env, readFile })
}

async function problemsOf(text: string, surroundings: Surroundings = {}): Promise<readonly Problem[]> {
  const result = await parse(text, surroundings).catch((error: unknown) => error)
  if (!(result instanceof ConfigError)) assert.fail(`expected a ConfigError, got ${String(result)}`)
  assert.ok(result.problems.length > 0)
  return result.problems
}

/** The only problem of a text. */
async function problemOf(text: string, surroundings: Surroundings = {}): Promise<Problem> {
  const problems = await problemsOf(text, surroundings)
  assert.equal(problems.length, 1, renderProblems('file', problems))
  return problems[0] as Problem
}

function altered(replaced: string, by: string): string {
  assert.ok(minimal.includes(replaced))
  return minimal.replace(replaced, () => by)
}

suite('the resulting configuration', () => {
  // An operator who starts with the example must not see an error of ours.
  test('the example loads, and each of its placeholders has a warning', async () => {
    const text = await exampleText()
    const loaded = await parse(text)
    const placed = [...text.matchAll(/^ *[^ #].*(?:00000000-0000|\/\/your-)/gm)]
    const lines = placed.map(({ index, 0: found }) => text.slice(0, index + found.length).split('\n').length)
    assert.equal(lines.length, 7)
    assert.deepEqual(
      loaded.warnings.map(({ line }) => line),
      lines,
    )
    for (const { expected } of loaded.warnings) assert.match(expected, /placeholder of gatehouse config init$/)
    assert.deepEqual(Object.keys(loaded.config.instances), ['east-ptu', 'sweden'])
    assert.equal(loaded.config.gateway.timeouts.firstByte, 300_000)
    assert.equal(loaded.config.ledger.fsync, 1_000)
  })

  // A service that starts in another directory must not open a second ledger there.
  test('the ledger is next to the configuration file, whatever the working directory', async () => {
    assert.equal((await parse(minimal)).config.ledger.directory, '/etc/gatehouse/ledger')
    const elsewhere = await parse(`${minimal}ledger: { directory: /var/lib/gatehouse }\n`)
    assert.equal(elsewhere.config.ledger.directory, '/var/lib/gatehouse')
  })

  // `${endpoint}/openai/...` with a trailing slash would be a double slash, which Azure answers with 404.
  test('an endpoint has one spelling', async () => {
    const loaded = await parse(altered('https://one.openai.azure.com', 'https://ONE.openai.azure.com/'))
    assert.equal(loaded.config.instances.one?.endpoint, 'https://one.openai.azure.com')
  })

  // Operators share lists of callers between workloads.
  test('anchors and aliases work', async () => {
    const loaded =
      await parse(`${minimal}  two: { callers: &c [{ user: ${tenant} }], targets: [one], deployments: [gpt-4o] }
  three: { callers: *c, targets: [one], deployments: [gpt-4o] }\n`)
    assert.deepEqual(loaded.config.workloads.three?.callers, [{ user: tenant }])
  })
})

suite('expressions', () => {
  const withKey = altered('deployments:', 'credential: { key: "${env:KEY}" }\n    deployments:')
  const secret = 'c4n4ry-0123456789abcdef'

  test('a secret comes from the environment or from a file, without its last newline', async () => {
    const fromEnv = await parse(withKey, { env: { KEY: secret } })
    assert.deepEqual(fromEnv.config.instances.one?.credential, { key: secret })
    const fromFile = await parse(withKey.replace('env:KEY', 'file:keys/one'), {
      files: { '/etc/gatehouse/keys/one': `${secret}\n` },
    })
    assert.deepEqual(fromFile.config.instances.one?.credential, { key: secret })
    assert.deepEqual(fromFile.sources, ['/etc/gatehouse/gatehouse.yaml', '/etc/gatehouse/keys/one'])
    assert.deepEqual(
      fromFile.warnings.map(warning => warning.path),
      ['admin.roles'],
    )
  })

  test('parts are concatenated, a doubled dollar is a literal one, and inserted values are not read again', async () => {
    const text = altered('model: gpt-4o', 'model: "$${a}-${env:A}-${env:B}"')
    const { config } = await parse(text, { env: { A: '${env:B}', B: 'b' } })
    assert.equal(config.instances.one?.deployments['gpt-4o']?.model, '${a}-${env:B}-b')
  })

  // Without this, a replica with a forgotten variable starts and answers 401 to every caller.
  test('a missing variable is an error in its line, with the nearest one that is set', async () => {
    const problem = await problemOf(withKey, { env: { KEYS: secret, PATH: '/bin' } })
    assert.equal(problem.code, 'missing_variable')
    assert.equal(problem.path, 'instances.one.credential.key')
    assert.deepEqual([problem.line, problem.column], [6, 24])
    assert.equal(problem.seen, '${env:KEY}')
    assert.equal(problem.nearest, 'KEYS')
  })

  test('an empty variable, a missing file and an unknown expression are errors', async () => {
    assert.equal((await problemOf(withKey, { env: { KEY: '' } })).code, 'missing_variable')
    const inherited = withKey.replace('env:KEY', 'env:constructor')
    assert.equal((await problemOf(inherited, { env: {} })).code, 'missing_variable')
    assert.equal((await problemOf(withKey.replace('env:KEY', 'file:none'))).code, 'missing_file')
    for (const expression of ['vault:x', 'env:', 'env:A-B', '', 'KEY']) {
      assert.equal((await problemOf(withKey.replace('env:KEY', expression))).code, 'expression', expression)
    }
    assert.equal((await problemOf(withKey.replace('${env:KEY}', '${env:KEY'))).code, 'expression')
  })

  // Keys in logs are the oldest leak of gateways (P5).
  test('P5: no message shows a secret, wherever it was written', async () => {
    const key = 'sk-5ecret5ecret'
    const places = [
      altered('deployments:', `credential: { key: ${key} }\n    deployments:`),
      altered('deployments:', `credential: { kee: ${key} }\n    deployments:`),
      altered('deployments:', `credential: ${key}\n    deployments:`),
      altered('deployments:', `credential: [${key}]\n    deployments:`),
      altered('deployments:', `credential: { key: *${key} }\n    deployments:`),
      altered('deployments:', `credential: { key: "\\q${key}" }\n    deployments:`),
      altered('deployments:', `credential: { key: @${key} }\n    deployments:`),
      altered('deployments:', `credential: { key: ${key} ${key}: ${key} }\n    deployments:`),
      altered('https://one', `https://user:${key}@one`),
      altered('azure.com', `azure.com/?api-key=${key}`),
    ]
    for (const text of places) {
      const result = await parse(text).then(
        loaded => renderProblems('file', loaded.warnings),
        (error: ConfigError) =>
          `${error.message}${error.stack}${JSON.stringify(error)}${renderProblems('f', error.problems)}`,
      )
      assert.ok(result.includes('expected'), text)
      assert.ok(!result.includes(key), result)
    }
    // L14 a secret that is mounted in the place of the configuration must not appear in the log.
    for (const text of [
      key,
      `root:${key}:0:0`,
      `- ${key}`,
      `${key}: ${key}`,
      `{"password": "${key}", "${key}": 1}`,
      `gateway: ${key}`,
      `instances: ${key}`,
      `instances: { one: ${key} }`,
      `identity: { entra: { tenants: ${key} } }`,
      `identity: { entra: ${key} }`,
      `workloads: { one: { callers: ${key} } }`,
    ]) {
      const error = await parse(text).then(
        () => assert.fail(`${text} was taken`),
        (thrown: ConfigError) => thrown,
      )
      const shown = `${error.message}${error.stack}${JSON.stringify(error)}${renderProblems('f', error.problems)}`
      assert.ok(!shown.includes(key), shown)
    }
    for (const path of ['endpoint', 'region', 'credential', 'scope']) {
      const value = 'short-c4n4ry'
      const text = altered('deployments:', `deployments: { gpt-4o: { model: gpt-4o } }\n    other: { x: 1 }\n    x:`)
      const broken = text.replace('other:', `${path}: { a: "\${env:KEY}" }\n    other:`)
      const message = (await problemsOf(broken, { env: { KEY: value } })).map(problem => JSON.stringify(problem)).join()
      assert.ok(!message.includes(value), message)
    }
    const fromEnv = await problemOf(withKey, { env: { KEY: 'too-short' } })
    assert.equal(fromEnv.seen, '(from env KEY)')
  })
})

suite('refused configurations', () => {
  // An operator fixes a file once, not once per mistake.
  test('all problems are reported at once, in the order of the text', async () => {
    const problems = await problemsOf(`gatewy: {}
gateway: { listen: 8080, timeouts: { conect: 1s, total: 99h } }
identity: { entra: { tenants: [here] } }
instances: { one: { endpoint: "https://one.example", deployments: { a: { model: m, kind: ptu } } } }
workloads: { bot: { callers: [{ usr: x }], targets: [], deployments: [a] } }
ledger: { retain: { records: 2d } }
`)
    assert.deepEqual(
      problems.map(({ line, path, code, nearest }) => [line, path, code, nearest]),
      [
        [1, 'gatewy', 'unknown_key', null],
        [2, 'gateway.listen', 'wrong_type', null],
        [2, 'gateway.timeouts.conect', 'unknown_key', 'connect'],
        [2, 'gateway.timeouts.total', 'wrong_value', null],
        [3, 'identity.entra.tenants[0]', 'wrong_value', null],
        [4, 'instances.one.deployments.a.kind', 'wrong_value', null],
        [5, 'workloads.bot.callers[0].usr', 'unknown_key', 'user'],
        [5, 'workloads.bot.callers[0].usr', 'wrong_value', null],
        [5, 'workloads.bot.targets', 'wrong_value', null],
        // A fault in one section does not hide faults across the fields of others.
        [6, 'ledger.retain.bodies', 'conflict', null],
      ],
    )
  })

  const cases: readonly [what: string, text: string, code: string, line: number, nearest?: string][] = [
    ['an unknown key', `gatway: {}\n${minimal}`, 'unknown_key', 1, 'gateway'],
    ['an unknown key further down', altered('endpoint:', 'endpont: x\n    endpoint:'), 'unknown_key', 5],
    ['a key that is missing', altered('    endpoint: https://one.openai.azure.com\n', ''), 'missing_key', 4],
    ['a number as text', `gateway: { bodyBytesMax: "4096" }\n${minimal}`, 'wrong_type', 1],
    ['a number out of bounds', `gateway: { bodyBytesMax: 1 }\n${minimal}`, 'wrong_value', 1],
    ['not a number', `gateway: { bodyBytesMax: .nan }\n${minimal}`, 'wrong_type', 1],
    ['a fraction', `gateway: { bodyBytesMax: 4096.5 }\n${minimal}`, 'wrong_type', 1],
    ['yes for true', `gateway: { trustForwardedFor: yes }\n${minimal}`, 'wrong_type', 1],
    ['an empty section', `pools:\n${minimal}`, 'wrong_type', 1],
    ['a list as a section', `pools: []\n${minimal}`, 'wrong_type', 1],
    ['a port beyond 65535', `gateway: { listen: "0.0.0.0:65536" }\n${minimal}`, 'wrong_value', 1],
    ['an unknown word', `log: { level: wran }\n${minimal}`, 'wrong_value', 1, 'warn'],
    [
      'an unknown credential',
      altered('deployments:', 'credential: managed-identiy\n    deployments:'),
      'wrong_value',
      6,
      'managed-identity',
    ],
    ['a rule with two keys', altered('{ role: Bot.Use }', `{ role: A, user: ${tenant} }`), 'wrong_value', 8],
    ['a rule that is text', altered('{ role: Bot.Use }', 'role'), 'wrong_value', 8],
    ['a rule with a number', altered('role: Bot.Use', 'user: 4'), 'wrong_type', 8],
    ['a name with capitals', altered('  bot:', '  Bot:'), 'wrong_value', 8],
    ['a duplicate key', `${minimal}workloads: {}\n`, 'duplicate_key', 9],
    ['a duplicate name', altered('workloads:', '  one: {}\nworkloads:'), 'duplicate_key', 7],
    ['a key that is an expression', altered('  bot:', '  "${env:NAME}":'), 'expression', 8],
    ['a key that every object has', altered('  bot:', '  constructor: {}\n  bot:'), 'reserved_name', 8],
    ['a key that is the prototype', altered('  bot:', '  __proto__: { callers: [] }\n  bot:'), 'reserved_name', 8],
    ['an empty file', '', 'wrong_type', 1],
    ['a file of comments', '# nothing\n', 'wrong_type', 1],
    ['a list as root', '- a\n- b\n', 'wrong_type', 1],
    ['text as root', 'gatehouse', 'wrong_type', 1],
    ['tabs', 'gateway:\n\tlisten: 0.0.0.0:1\n', 'syntax', 2],
    ['two documents', `${minimal}---\na: 1\n`, 'syntax', 9],
    ['another version of YAML', `%YAML 1.1\n---\n${minimal}`, 'syntax', 1],
    ['a tag', altered('model: gpt-4o', 'model: !secret gpt-4o'), 'syntax', 6],
    ['an alias without an anchor', altered('model: gpt-4o', 'model: *none'), 'syntax', 6],
    ['a block that contains itself', `pools: &p { a: *p }\n${minimal}`, 'syntax', 1],
    ['an unquoted expression in braces', altered('{ model: gpt-4o }', '{ model: ${env:M} }'), 'syntax', 6],
    ['a bracket that does not close', altered('[gpt-4o] }', '[gpt-4o'), 'syntax', 9],
  ]
  for (const [what, text, code, line, nearest] of cases) {
    test(`refused in its line: ${what}`, async () => {
      const problems = await problemsOf(text)
      const found = problems.find(problem => problem.code === code && problem.line === line)
      assert.ok(found, renderProblems('file', problems))
      if (nearest !== undefined) assert.equal(found.nearest, nearest)
      assert.ok(found.expected.length > 0)
    })
  }

  // A hostile or broken file must not stop the process: P9. Expanding one of these takes longer than a test may.
  test('P9: bombs end in a message', async () => {
    const level = (n: number): string => `l${n}: &l${n} [${Array.from({ length: 9 }, () => `*l${n - 1}`).join()}]\n`
    const laughs = `l0: &l0 [x, x]\n${Array.from({ length: 12 }, (_, n) => level(n + 1)).join('')}`
    const bombs = [laughs, '['.repeat(20_000), '{a: '.repeat(5_000), `a: ${'*x, '.repeat(1000)}`, 'a'.repeat(1_048_577)]
    bombs.push(Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join('\n'))
    bombs.push(`l0: &l0 [x]\nl1: [${'*l0,'.repeat(40_000)}]`)
    for (const bomb of bombs) {
      const problems = await problemsOf(bomb)
      assert.ok(problems.length <= 100, bomb.slice(0, 20))
    }
  })

  test('P9: any mutation of the example is either a configuration or a ConfigError', async () => {
    const example = await exampleText()
    const scraps = [
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '&a ',
      '*a',
      '!!str ',
      '\n',
      '\t',
      '"',
      "'",
      '${',
      '${env:X}',
      '__proto__',
      '|',
      '>',
      '# ',
      '\0',
      '\ud800',
      'null',
      '~',
      '1e999',
      '? ',
      '---\n',
      '%',
    ]
    const mutation = fc.record({
      at: fc.nat(example.length),
      cut: fc.nat(60),
      scrap: fc.oneof(fc.constantFrom(...scraps), fc.string({ maxLength: 8 })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async mutations => {
        let text = example
        for (const { at, cut, scrap } of mutations) text = text.slice(0, at) + scrap + text.slice(at + cut)
        const result = await parse(text).catch((error: unknown) => error)
        if (!(result instanceof ConfigError)) return assert.ok(!(result instanceof Error), String(result))
        for (const problem of result.problems) {
          assert.ok((problem.line ?? 0) >= 1 && (problem.column ?? 0) >= 1)
          assert.doesNotMatch(renderProblems('f', [problem]).replaceAll('\n', ''), /\p{Cc}/u)
        }
      }),
      { numRuns: 150 },
    )
  })
})

suite('files', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gatehouse-config-'))
  })
  after(() => rm(directory, { recursive: true }))

  async function refusal(path: string): Promise<ConfigError> {
    const result = await loadConfig(path, {}).catch((error: unknown) => error)
    if (!(result instanceof ConfigError)) assert.fail(`expected a ConfigError, got ${String(result)}`)
    return result
  }

  test('a file loads, with secrets from files next to it', async () => {
    await writeFile(join(directory, 'key'), '0123456789abcdef\r\n')
    const path = join(directory, 'good.yaml')
    await writeFile(path, `\ufeff${altered('deployments:', "credential: { key: '${file:key}' }\n    deployments:")}`)
    const { config, sources } = await loadConfig(path, {})
    assert.deepEqual(config.instances.one?.credential, { key: '0123456789abcdef' })
    assert.deepEqual(sources, [path, join(directory, 'key')])
  })

  test('a missing file is reported as missing, with how to get one', async () => {
    const error = await refusal(join(directory, 'none.yaml'))
    assert.equal(error.code, 'config_unreadable')
    assert.match(error.message, /there is no such file.*gatehouse config init/)
  })

  test('a file that is not text, or is too large, is refused', async () => {
    const written = {
      large: Buffer.alloc(2_000_000, '#'),
      latin1: Buffer.from('a: \xe9', 'latin1'),
      utf16: Buffer.from('\ufeffa: b', 'utf16le'),
    }
    for (const [name, bytes] of Object.entries(written)) {
      await writeFile(join(directory, name), bytes)
      assert.match((await refusal(join(directory, name))).message, name === 'large' ? /too large/ : /not UTF-8/)
    }
    assert.match((await refusal(directory)).message, /not a regular file/)
  })

  // Reading a pipe waits for a writer: a start that hangs silently is worse than one that fails.
  test('a pipe is refused without waiting for it', { skip: process.platform === 'win32' }, async () => {
    const pipe = join(directory, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    assert.match((await refusal(pipe)).message, /not a regular file/)
  })

  test('the example in the repository is the one that the command writes', async () => {
    assert.equal(await readFile(join(import.meta.dirname, '../../gatehouse.example.yaml'), 'utf8'), await exampleText())
  })
})
