/**
 * `deploy/terraform` run by Terraform itself, with a stand-in for the provider: nothing of Azure is reached. Where the
 * program is not on the PATH, test/terraform/written.test.ts is all that checks these files.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { exampleNames, registryId, valuesOf } from '../terraform/examples.ts'
import { findings } from '../terraform/findings.ts'
import { blocksOf, type Resource } from '../terraform/hcl.ts'
import { madeIn } from '../terraform/made.ts'
import { type RunningProviders, startProviders } from '../terraform/provider.ts'
import { providerSchemas } from '../terraform/schema.ts'
import { apply, copyOfDeploy, init, inTurn, type Ran, terraform, terraformVersion } from '../terraform/terraform.ts'

const providers = providerSchemas()
const version = terraformVersion()
const skip = version === null ? 'terraform is not on the PATH: the files were read by the parser alone' : false

suite(`Terraform ${version ?? 'is missing'}:`, { skip }, () => {
  let running: RunningProviders

  before(async () => {
    running = await startProviders(providers)
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
  })

  const run = (directory: string, ...commands: (readonly string[])[]) =>
    inTurn(directory, running.reattach, ...commands)

  const made = (directory: string): Promise<readonly Resource[]> => madeIn(directory, running.reattach)

  test('the files are formatted and valid, and the example makes what the rules allow', async () => {
    using copy = copyOfDeploy()
    assert.equal(await findings(copy.directory, running), '')
    const resources = await made(join(copy.directory, 'examples/minimal'))
    const count = (type: string) => resources.filter(each => each.type === type).length
    assert.equal(count('azurerm_cognitive_account'), 1)
    assert.equal(count('azurerm_cognitive_deployment'), 1)
    const roles = resources.filter(({ type }) => type === 'azurerm_role_assignment')
    const account = resources.find(({ type }) => type === 'azurerm_cognitive_account')
    assert.deepEqual(
      roles.map(({ values }) => [values['role_definition_name'], values['scope']]),
      [
        ['Cognitive Services OpenAI User', account?.values['id']],
        ['AcrPull', registryId],
      ],
    )
  })

  test('production with records keeps the rules, and the scripts of Data Explorer delete nothing', async () => {
    using copy = copyOfDeploy()
    assert.equal(await findings(copy.directory, running, 'production'), '')
    const resources = await made(join(copy.directory, 'examples/production'))
    const scripts = resources.filter(({ type }) => type === 'azurerm_kusto_script')
    assert.equal(scripts.length, 4)
    for (const { values } of scripts) {
      const commands = String(values['script_content']).match(/^\.[a-z-]+/gm) ?? []
      assert.ok(commands.length > 0)
      for (const command of commands)
        assert.match(command, /^\.(?:create|create-or-alter|create-merge|alter|alter-merge)$/)
    }
  })

  // A gateway on a virtual machine in another subnet would reach no instance, and nobody Data Explorer.
  test('private endpoints are reached from the whole virtual network, and from nowhere else', async () => {
    using copy = copyOfDeploy()
    assert.equal(await findings(copy.directory, running), '')
    const resources = await made(join(copy.directory, 'examples/minimal'))
    const network = resources.find(({ type }) => type === 'azurerm_virtual_network')
    const group = resources.find(({ address }) => address.endsWith('azurerm_network_security_group.endpoints[0]'))
    const allowed = blocksOf(group?.values ?? {}, 'security_rule').filter(rule => rule['access'] === 'Allow')
    assert.deepEqual(
      allowed.map(rule => rule['source_address_prefix']),
      network?.values['address_space'],
    )
  })

  for (const example of exampleNames()) {
    test(`the configuration that ${example} generates is one that the gateway accepts`, async () => {
      using copy = copyOfDeploy()
      const directory = join(copy.directory, 'examples', example)
      const shown = await run(directory, init, [...apply, ...valuesOf(example)], ['output', '-raw', 'gateway_yaml'])
      assert.equal(shown.status, 0, shown.text)
      const path = join(directory, 'gatehouse.yaml')
      writeFileSync(path, shown.stdout)
      const main = join(import.meta.dirname, '../../packages/gateway/src/cli/main.ts')
      const checked = spawnSync(process.execPath, [main, 'config', 'check', '--strict', '--config', path], {
        encoding: 'utf8',
        env: { ...process.env, CONTAINER_APP_REPLICA_NAME: 'ca-gatehouse--1-abc', POD_NAME: 'gatehouse-0' },
      })
      assert.equal(checked.status, 0, `${shown.stdout}\n${checked.stdout}${checked.stderr}`)
    })
  }

  test('a second run changes nothing', async () => {
    using copy = copyOfDeploy()
    const example = join(copy.directory, 'examples/production')
    const variables = valuesOf('production')
    const plan = ['plan', '-no-color', '-detailed-exitcode', ...variables]
    const again = await run(example, init, [...apply, ...variables], plan)
    assert.equal(again.status, 0, again.text)
  })

  for (const file of globSync('*.tftest.hcl', { cwd: join(import.meta.dirname, '../../deploy/terraform/tests') })) {
    test(`the tests of ${file} pass`, async () => {
      using copy = copyOfDeploy()
      const tested = await run(copy.directory, init, ['test', '-no-color', `-filter=tests/${file}`])
      assert.equal(tested.status, 0, tested.text)
      assert.match(tested.text, /Success! [1-9]\d* passed, 0 failed/)
    })
  }

  test('names keep to the rules of Azure, whatever project, environment and suffix are', async () => {
    const letters = (pattern: RegExp) => fc.stringMatching(pattern)
    const samples = fc.sample(
      fc.record({
        project: letters(/^[a-z][a-z0-9]{1,9}$/),
        environment: letters(/^[a-z0-9]{2,6}$/),
        suffix: letters(/^[a-z0-9]{0,6}$/),
        instances: fc.uniqueArray(letters(/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/), { minLength: 1, maxLength: 3 }),
      }),
      60,
    )
    using copy = copyOfDeploy()
    const directory = join(copy.directory, 'modules')
    writeFileSync(join(directory, 'samples.json'), JSON.stringify(samples))
    writeFileSync(
      join(directory, 'samples.tf'),
      [
        'module "names" {\n  source = "./names"\n  for_each = { for i, s in jsondecode(file("samples.json")) : i => s }\n',
        '  project = each.value.project\n  environment = each.value.environment\n  suffix = each.value.suffix\n',
        '  instances = each.value.instances\n}\noutput "names" {\n  value = module.names\n}\n',
      ].join(''),
    )
    const applied = await run(directory, init, apply, ['output', '-json', 'names'])
    assert.equal(applied.status, 0, applied.text)
    const all = z.record(z.string(), z.record(z.string(), z.unknown())).parse(JSON.parse(applied.stdout))
    assert.equal(Object.keys(all).length, samples.length)
    for (const names of Object.values(all)) assertNames(names)
  })

  test('a value that Azure would refuse is refused with what to do', async () => {
    using copy = copyOfDeploy()
    const example = join(copy.directory, 'examples/minimal')
    await run(example, init)
    const refused: Ran = await terraform(example, running.reattach, [
      ...['plan', '-no-color', '-input=false'],
      ...valuesOf('minimal', { suffix: 'Too-Long' }),
    ])
    assert.equal(refused.status, 1)
    assert.match(refused.text, /suffix must be at most 6 lower-case letters and digits/)
  })
})

/** Lengths and characters of "Naming rules and restrictions for Azure resources". */
const rules: Readonly<Record<string, RegExp>> = {
  resource_group: /^[\w().-]{0,89}[\w()-]$/,
  virtual_network: /^[a-z0-9][\w.-]{0,62}\w$/i,
  identity: /^[a-z0-9][a-z0-9_-]{2,127}$/i,
  container_environment: /^[a-z][a-z0-9-]{0,58}[a-z0-9]$/i,
  container_app: /^(?=.{2,32}$)[a-z](?:-?[a-z0-9])+$/,
  journal: /^[a-z0-9]{3,24}$/,
  registry: /^[a-z0-9]{5,50}$/i,
  vault: /^(?=.{3,24}$)[a-z](?:-?[a-z0-9])+$/i,
  redis: /^(?=.{1,60}$)[a-z0-9](?:-?[a-z0-9])*$/,
  event_hubs: /^(?!.*-(?:sb|mgmt)$)[a-z][a-z0-9-]{4,48}[a-z0-9]$/i,
  data_explorer: /^[a-z][a-z0-9]{3,21}$/,
  registration: /^.{1,80}$/,
  workspace: /^[a-z0-9][a-z0-9-]{2,61}[a-z0-9]$/i,
  insights: /^[^%&\\?/]{0,259}[^%&\\?/. ]$/,
  private_link_scope: /^[a-z0-9][\w.-]{0,252}\w$/i,
  action_group: /^[^:<>+/&%\\?|]{1,259}[^:<>+/&%\\?|. ]$/,
  alert_prefix: /^[a-z0-9-]{1,200}$/,
  edge: /^[a-z0-9][\w.-]{0,78}\w$/i,
  edge_identity: /^[a-z0-9][a-z0-9_-]{2,127}$/i,
  firewall: /^[a-z][a-z0-9]{0,127}$/i,
  cluster: /^(?=.{1,54}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i,
  cluster_identity: /^[a-z0-9][a-z0-9_-]{2,127}$/i,
  kubelet_identity: /^[a-z0-9][a-z0-9_-]{2,127}$/i,
  nat_gateway: /^[a-z0-9][\w.-]{0,78}\w$/i,
  dns_zone: /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9]+)+$/,
}

function assertNames(names: Readonly<Record<string, unknown>>): void {
  for (const [of, rule] of Object.entries(rules)) assert.match(String(names[of]), rule, of)
  const accounts = z.record(z.string(), z.string()).parse(names['accounts'])
  for (const account of Object.values(accounts)) assert.match(account, /^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$/)
  const checked = new Set([...Object.keys(rules), 'accounts'])
  assert.deepEqual(
    Object.keys(names).filter(name => !checked.has(name)),
    [],
  )
}
