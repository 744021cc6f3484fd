// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own expressions.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Document } from 'yaml'
import { effectiveValues } from './effective.ts'
import { parseConfig } from './load.ts'
import { maskText, restoreText } from './masking.ts'
import { ConfigError } from './messages.ts'
import { everySecretPlanted, secretText } from './secrets.fixture.ts'

const key = Buffer.from('key of a test')
const masked = (text: string) => maskText(text, key) ?? assert.fail('no YAML')

suite('a text without its secrets', () => {
  // Whoever may look at the configuration must not get the keys of all instances with it.
  test('has none of any configuration, wherever and however they are written', () => {
    fc.assert(
      fc.property(everySecretPlanted(), ({ text, secrets }) => {
        const { text: shown, kept } = masked(text)
        const values = JSON.stringify(effectiveValues(text))
        for (const secret of secrets) {
          assert.ok(text.includes(secret), 'it was planted')
          assert.ok(!shown.includes(secret), shown)
          assert.ok(!values.includes(secret), values)
        }
        assert.equal(restoreText(shown, kept).text, text)
      }),
      { numRuns: 25 },
    )
  })

  test('has the same mark for the same secret, and another one with another key', () => {
    const text = 'instances: { one: { credential: { key: 0123456789abcdef } } }\n'
    assert.equal(masked(text).text, masked(`${text}# more\n`).text.replace('# more\n', ''))
    assert.notEqual(masked(text).text, maskText(text, Buffer.from('another'))?.text)
  })

  test('keeps what is no secret: references, addresses, names, words of credentials', () => {
    const text = [
      'instances:',
      '  one: { endpoint: https://one.openai.azure.com, credential: managed-identity, region: "sweden" }',
      '  two: { credential: { key: "${env:KEY}" } }',
      '  three: { credential: { managedIdentity: 11111111-2222-3333-4444-555555555555 } }',
      'redis: { url: rediss://cache.example.net:6380/0, password: "${file:/run/secrets/redis}" }',
      'telemetry: { metrics: { credential: { header: authorization, secret: "Bearer ${env:TOKEN}" } } }',
      'gateway: { timeouts: { total: 30m } } # as agreed',
      '',
    ].join('\n')
    assert.equal(masked(text).text, text)
  })

  test('leaves out what is in the wrong place, in comments, in addresses, and in blocks of several lines', () => {
    const secrets = ['one-level-too-high', 'commented-out-secret', 'user:pass', 'sv=1&sig=abc', 'line one']
    const text = [
      'instances:',
      `  one: { key: ${secrets[0]} }`,
      `# key: ${secrets[1]}`,
      `feeds: { hook: { kind: webhook, url: "https://${secrets[2]}@hook.example/" } }`,
      `prices: { catalogue: "https://example.net/?${secrets[3]}" }`,
      'redis:',
      '  password: |',
      `    ${secrets[4]}`,
      '    line two',
      '  timeout: 100ms',
      '',
    ].join('\n')
    const { text: shown, kept } = masked(text)
    for (const secret of secrets) assert.ok(!shown.includes(secret), secret)
    assert.match(shown, /timeout: 100ms\n$/)
    assert.match(restoreText(shown, kept).text, /password: "line one\\nline two\\n"\n/)
  })

  test('is none where the text is no YAML, because its secrets can be anywhere', () => {
    assert.equal(maskText('a: [', key), null)
    assert.equal(maskText('', key)?.text, '')
  })
})

suite('a mark', () => {
  const base = `
identity: { entra: { tenants: [11111111-2222-3333-4444-555555555555], audiences: [api://own] } }
instances:
  one: { endpoint: https://one.openai.azure.com, credential: { key: 0123456789abcdef }, deployments: { a: { model: a } } }
workloads:
  bot: { callers: [{ role: Bot.Use }], targets: [one], deployments: [a] }
`
  const { text, kept } = masked(base)
  const mark = /"\$\{kept:[0-9a-f]{16}\}"/.exec(text)?.[0] ?? ''
  const values = new Map([...kept].map(([id, { value }]) => [id, value]))
  const parse = (changed: string) =>
    parseConfig(changed, { path: '/g.yaml', env: {}, kept: values, readFile: () => Promise.reject(new Error('none')) })

  test('stands for the secret in the place of a secret', async () => {
    const { config, warnings } = await parse(text)
    assert.deepEqual(config.instances['one']?.credential, { key: '0123456789abcdef' })
    assert.match(JSON.stringify(warnings), /a key in the file itself/, 'it is still written in the file')
  })

  // With a mark in a place that is shown, whoever may check a text would get every secret out of it.
  test('is refused in every other place, and its secret is in no message', async () => {
    for (const changed of [
      text.replace('deployments: { a', `region: ${mark}, deployments: { a`),
      text.replace(`key: ${mark}`, `key: &k ${mark}`).replace('deployments: { a', 'region: *k, deployments: { a'),
      `${text}log: { level: ${mark} }\n`,
      `${text}nothing: ${mark}\n`,
      text.replace(mark, '"${kept:0000000000000000}"'),
    ]) {
      const error = await parse(changed).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof ConfigError, changed)
      assert.doesNotMatch(JSON.stringify(error), /0123456789abcdef/)
      assert.match(JSON.stringify(error.problems), /a secret that was left out|from the file, where it is kept/)
    }
  })

  test('means nothing in a file that is read as it is', async () => {
    const parts = { path: '/g.yaml', env: {}, readFile: () => Promise.reject(new Error('none')) }
    await assert.rejects(parseConfig(text, parts), /the secret itself, as \$\{env:NAME\}/)
  })
})

// Whoever may check a text could otherwise read any variable and any file in the words of a message.
test('no message has what a variable or a file has brought in, wherever it is named', async () => {
  const secret = 'Sesame-open-4711'
  const parts = { path: '/g.yaml', env: { S: secret }, readFile: async () => `${secret}\n` }
  const base = {
    identity: { entra: { tenants: ['11111111-2222-3333-4444-555555555555'], audiences: ['api://own'] } },
    instances: { one: { endpoint: 'https://one.openai.azure.com', deployments: { a: { model: 'a' } } } },
    pools: { main: { members: [{ instance: 'one' }] } },
    workloads: { bot: { callers: [{ role: 'R' }], targets: ['one'], deployments: ['a'] } },
    limits: { rules: { all: { tokensPerMinute: 1 } } },
    log: { level: 'info' },
  }
  const leaves = (value: unknown, path: readonly (string | number)[]): readonly (readonly (string | number)[])[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) =>
          leaves(item, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : [path]
  let refused = 0
  for (const path of leaves(base, [])) {
    for (const written of ['${env:S}', '${file:f}', 'https://${env:S}/', 'x${env:S}', '${env:S}${env:S}']) {
      const document = new Document(base)
      document.setIn(path, written)
      const said = await parseConfig(document.toString(), parts).then(
        ({ warnings }) => JSON.stringify(warnings),
        (error: unknown) => `${JSON.stringify(error)}${String(error)}`,
      )
      refused += said.length > 2 ? 1 : 0
      assert.ok(!said.toLowerCase().includes(secret.toLowerCase()), `${path.join('.')}: ${said}`)
    }
  }
  assert.ok(refused > 40, `${refused} texts had messages`)
})

test('a secret of the generator is one that could be seen', () => {
  assert.ok(fc.sample(secretText, 20).every(secret => secret.length >= 16))
})
