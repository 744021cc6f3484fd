/** `deploy/terraform` as it is written: read by a parser of its language, on every machine. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { wrongArguments } from './arguments.ts'
import { blocksOf, readModules } from './hcl.ts'
import { written } from './mutations/index.ts'
import { makeMistake } from './mutations/mutation.ts'
import { brokenHabits, brokenRules } from './rules/index.ts'
import { allSchemas, providerSchemas } from './schema.ts'
import { copyOfDeploy } from './terraform.ts'

const schema = allSchemas(providerSchemas())

async function findings(directory: string): Promise<readonly string[]> {
  const modules = await readModules(directory)
  return [
    ...wrongArguments(modules, schema),
    ...modules.flatMap(({ resources }) => brokenRules(resources, schema)),
    ...brokenHabits(modules),
  ]
}

test('arguments, references and rules of every module hold, read without Terraform', async () => {
  using copy = copyOfDeploy()
  const modules = await readModules(copy.directory)
  assert.ok(modules.flatMap(({ resources }) => resources).length >= 15)
  assert.deepEqual(await findings(copy.directory), [])
})

// azapi refuses versions of an API that are newer than itself, and any provider an argument that it does not have yet.
test('no module takes a provider that is older than the one whose schema was compared', async () => {
  using copy = copyOfDeploy()
  const compared = new Map(providerSchemas().map(({ source, version }) => [source, version]))
  const taken = (await readModules(copy.directory)).flatMap(({ directory, all }) =>
    blocksOf(all, 'files')
      .flatMap(file => blocksOf(file, 'terraform'))
      .flatMap(block => blocksOf(block, 'required_providers'))
      .flatMap(providers => Object.keys(providers).flatMap(name => blocksOf(providers, name)))
      .map(({ source, version }) => ({ directory, source: String(source), version: String(version) })),
  )
  assert.ok(taken.length >= 15)
  assert.deepEqual(
    taken.filter(({ source, version }) => !version.startsWith(`>= ${compared.get(source)},`)),
    [],
  )
})

test('deploy/README.md names every variable, output and module', async () => {
  using copy = copyOfDeploy()
  const modules = await readModules(copy.directory)
  const root = modules.find(({ directory }) => directory === '.')
  const parts = modules.flatMap(({ directory }) => /^(?:modules|examples)\/([^/]+)$/.exec(directory)?.[1] ?? [])
  const names = [...Object.keys(root?.variables ?? {}), ...Object.keys(root?.outputs ?? {}), ...parts]
  assert.ok(names.length > 20)
  const text = readFileSync(join(copy.directory, '../README.md'), 'utf8')
  assert.deepEqual(
    names.filter(name => !text.includes(`\`${name}\``)),
    [],
  )
})

suite('a mistake in the files is found without Terraform:', () => {
  for (const mutation of written) {
    test(mutation.mistake, async () => {
      using copy = copyOfDeploy()
      makeMistake(copy.directory, mutation)
      assert.match((await findings(copy.directory)).join('\n'), mutation.found)
    })
  }
})
