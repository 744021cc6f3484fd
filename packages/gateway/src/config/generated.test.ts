import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { parse as parseYaml } from 'yaml'
import { exampleText } from './example.ts'
import { configJsonSchema, jsonSchemaText, schemaAt } from './json-schema.ts'
import { referenceText } from './reference.ts'

const root = join(import.meta.dirname, '../../../..')

function validator(): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, keywords: ['range'] })
  ajv.addFormat('uri', (text: string) => URL.canParse(text))
  ajv.addFormat('date', (text: string) => !Number.isNaN(Date.parse(text)))
  return ajv.compile(JSON.parse(jsonSchemaText()))
}

type Tree = { [key: string]: Tree }

/** The example with one value set; undefined removes it. */
async function exampleWith(path: string, value: unknown): Promise<unknown> {
  const root: Tree = parseYaml(await exampleText())
  const steps = path.split('/')
  const last = steps.pop() ?? ''
  let at = root
  for (const step of steps) {
    at[step] ??= {}
    at = at[step]
  }
  at[last] = value as Tree
  return JSON.parse(JSON.stringify(root))
}

suite('the JSON Schema', () => {
  const validate = validator()

  // An editor that underlines a correct file teaches people to ignore it.
  test('accepts the example, and expressions where text is allowed', async () => {
    const text = await exampleText()
    assert.ok(validate(parseYaml(text)), JSON.stringify(validate.errors))
    const expressions: Readonly<Record<string, unknown>> = {
      'instances/sweden/credential': { key: `\${env:KEY}` },
      'instances/sweden/endpoint': `\${env:ENDPOINT}`,
      'identity/entra/tenants': [`\${env:TENANT}`],
      'log/level': `\${env:LEVEL}`,
      'gateway/timeouts': { total: `\${file:total}` },
    }
    for (const [path, value] of Object.entries(expressions)) {
      assert.ok(validate(await exampleWith(path, value)), `${path} ${JSON.stringify(validate.errors)}`)
    }
  })

  const mutations: readonly [what: string, path: string, value: unknown][] = [
    ['an unknown key', 'gatway', {}],
    ['an unknown key below', 'log/lvl', 'info'],
    ['a number for text', 'gateway/listen', 8080],
    ['text for a number', 'gateway/connectionsMax', '20'],
    ['an unknown word', 'log/level', 'loud'],
    ['a duration without a unit', 'gateway/timeouts', { total: '30' }],
    ['no identity', 'identity', undefined],
    ['no tenants', 'identity/entra/tenants', []],
    ['a caller rule of two keys', 'workloads/hr-bot/callers', [{ role: 'A', scope: 'B' }]],
    ['a name with capitals', 'pools/Main', { members: [{ instance: 'sweden' }] }],
    ['an unknown credential', 'instances/sweden/credential', 'password'],
  ]
  for (const [what, path, value] of mutations) {
    test(`refuses ${what}`, async () => {
      assert.equal(validate(await exampleWith(path, value)), false)
    })
  }

  test('can be looked up by path, through lists, names and variants', () => {
    const schema = configJsonSchema()
    assert.equal(schemaAt(schema, ['workloads', 'any', 'callers', 3]).length, 7)
    assert.equal(schemaAt(schema, ['gateway', 'nothing']).length, 0)
    assert.equal(schemaAt(schema, ['gateway', 'constructor']).length, 0)
  })
})

suite('generated files', () => {
  // The documentation and the program must not drift apart.
  test('the reference and the schema in the repository are those of the code', async () => {
    assert.equal(await readFile(join(root, 'docs/configuration.md'), 'utf8'), referenceText())
    assert.equal(await readFile(join(root, 'gatehouse.schema.json'), 'utf8'), jsonSchemaText())
    const script = join(root, 'scripts/generate.ts')
    await promisify(execFile)(process.execPath, [script, '--check'])
    await assert.rejects(promisify(execFile)(process.execPath, [script, '--chek']), { code: 2 })
  })

  test('every key of the schema has a description, and its default if it has one', () => {
    const reference = referenceText()
    const walk = (view: ReturnType<typeof configJsonSchema>['properties'], above: string): void => {
      for (const [key, property] of Object.entries(view ?? {})) {
        assert.ok((property.description ?? '') !== '', `${above}${key} has no description`)
        assert.ok(reference.includes(`| \`${key}\` |`), key)
        const inner = property.properties ?? property.items?.properties
        walk(inner, `${above}${key}.`)
        if (typeof property.additionalProperties === 'object')
          walk(property.additionalProperties.properties, `${above}${key}.*.`)
      }
    }
    walk(configJsonSchema().properties, '')
  })

  test('the example mentions each section of the configuration', async () => {
    const text = await exampleText()
    // A section that needs a server that not everyone has is shown as a comment, and so is that of collectors.
    const asComment = ['redis', 'collect']
    for (const section of Object.keys(configJsonSchema().properties ?? {}))
      assert.match(text, new RegExp(asComment.includes(section) ? `^# ${section}:` : `^${section}:`, 'm'))
  })
})
