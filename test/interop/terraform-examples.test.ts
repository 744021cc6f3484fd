/** What single examples promise beyond the rules that hold for all. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { valuesFile } from '../deploy/chart/manifests.ts'
import { valuesOf } from '../terraform/examples.ts'
import { blocksOf, type Resource, readModules } from '../terraform/hcl.ts'
import { madeIn } from '../terraform/made.ts'
import { startProviders } from '../terraform/provider.ts'
import { brokenRules } from '../terraform/rules/index.ts'
import { allSchemas, providerSchemas } from '../terraform/schema.ts'
import { apply, copyOfDeploy, init, inTurn, terraformVersion } from '../terraform/terraform.ts'

const version = terraformVersion()
const outputs = z.record(z.string(), z.object({ value: z.unknown() }))
const skip = version === null ? 'terraform is not on the PATH: the files were read by the parser alone' : false

suite(`Terraform ${version ?? 'is missing'}:`, { skip }, () => {
  /** Resources of an example that was applied, and what of them breaks a rule. */
  async function applied(example: string, more: Readonly<Record<string, string>> = {}) {
    using copy = copyOfDeploy()
    const schemas = providerSchemas()
    await using running = await startProviders(schemas)
    const directory = join(copy.directory, 'examples', example)
    const { status, text } = await inTurn(directory, running.reattach, init, [...apply, ...valuesOf(example, more)])
    assert.equal(status, 0, text)
    const resources = await madeIn(directory, running.reattach)
    const { stdout } = await inTurn(directory, running.reattach, ['output', '-json'])
    const shown = outputs.parse(JSON.parse(stdout))
    const output = (name: string): string => String(shown[name]?.value)
    return { resources, broken: brokenRules(resources, allSchemas(schemas)), output }
  }

  // A platform team would not have its network changed, nor a second zone of a name that is there already.
  test('existing-network makes no network, no subnet and no zone that is there, and keeps the rules', async () => {
    const { resources, broken } = await applied('existing-network')
    assert.deepEqual(broken, [])
    const made = new Set(resources.map(({ type }) => type))
    for (const type of ['virtual_network', 'subnet', 'network_security_group', 'virtual_network_peering'])
      assert.ok(!made.has(`azurerm_${type}`), type)
    const zones = resources
      .filter(({ type }) => type === 'azurerm_private_dns_zone')
      .map(({ values: of }) => of['name'])
    assert.ok(!zones.includes('privatelink.openai.azure.com') && !zones.includes('privatelink.servicebus.windows.net'))
    const endpoints = resources.filter(({ type }) => type === 'azurerm_private_endpoint')
    assert.ok(endpoints.length >= 3)
    for (const { values: of } of endpoints)
      assert.match(String(of['subnet_id']), /virtualNetworks\/shared\/subnets\/endpoints$/)
  })

  // Whoever has the vault made cannot know its id before.
  test('the edge of production reads a certificate in the vault that is made, where no other is named', async () => {
    const edge = {
      host: 'gatehouse.contoso.com',
      certificate_id: 'https://kvgatehouseprod4f2a.vault.azure.net/secrets/gatehouse',
    }
    const { resources, broken } = await applied('production', { edge: JSON.stringify(edge) })
    assert.deepEqual(broken, [])
    const vault = resources.find(({ type }) => type === 'azurerm_key_vault')
    const role = resources.find(({ address }) => address.endsWith('module.edge[0].azurerm_role_assignment.certificate'))
    assert.ok(vault?.values['id'])
    assert.equal(role?.values['scope'], vault.values['id'])
  })

  // One role too many is what an attacker looks for first.
  test('production with an edge keeps the rules, has no public address, and gives exactly these roles', async () => {
    const vault = '/subscriptions/x/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/certificates'
    const edge = {
      ...{ host: 'gatehouse.contoso.com', vault_id: vault },
      certificate_id: 'https://certificates.vault.azure.net/secrets/gatehouse',
    }
    const { resources, broken, output } = await applied('production', { edge: JSON.stringify(edge) })
    assert.deepEqual(broken, [])
    // Ingress of Container Apps adds the edge's own address to what the edge wrote.
    const { gateway } = parse(output('gateway_yaml'))
    assert.deepEqual([gateway.trustForwardedFor, gateway.trustedProxies], [true, ['10.0.2.0/24']])
    const of = (type: string) => resources.filter(each => each.type === type).map(({ values }) => values)
    assert.deepEqual(of('azurerm_public_ip'), [])
    assert.equal(of('azurerm_application_gateway').length, 1)
    assert.equal(of('azurerm_cognitive_deployment').length + of('azapi_resource').length, 5)
    assert.deepEqual(rolesIn(resources), [
      'AcrPull on azurerm_container_registry/crgatehouseprod4f2a',
      'Azure Event Hubs Data Receiver on azurerm_eventhub/records',
      'Azure Event Hubs Data Sender on azurerm_eventhub/records',
      'Cognitive Services OpenAI User on azurerm_cognitive_account/gatehouse-prod-4f2a-france',
      'Cognitive Services OpenAI User on azurerm_cognitive_account/gatehouse-prod-4f2a-sweden',
      'Key Vault Secrets User on azurerm_key_vault/kvgatehouseprod4f2a',
      'Key Vault Secrets User on vaults/certificates',
      'Monitoring Metrics Publisher on azurerm_application_insights/appi-gatehouse-prod',
    ])
  })

  test('aks keeps the rules, gives exactly these roles, and nothing comes in by its only public address', async () => {
    const { resources, broken, output } = await applied('aks')
    assert.deepEqual(broken, [])
    const made = resources.map(({ type }) => type)
    for (const type of ['container_app', 'container_app_environment', 'storage_account', 'application_gateway'])
      assert.ok(!made.includes(`azurerm_${type}`), type)
    const addresses = resources.filter(({ type }) => type === 'azurerm_public_ip').map(({ values }) => values['id'])
    const outbound = resources.filter(({ type }) => type === 'azurerm_nat_gateway_public_ip_association')
    assert.equal(addresses.length, 1)
    assert.deepEqual(
      outbound.map(({ values }) => values['public_ip_address_id']),
      addresses,
    )
    assert.deepEqual(rolesIn(resources), [
      'AcrPull on azurerm_container_registry/crgatehouseaks4f2a',
      'Azure Event Hubs Data Receiver on azurerm_eventhub/records',
      'Azure Event Hubs Data Sender on azurerm_eventhub/records',
      'Cognitive Services OpenAI User on azurerm_cognitive_account/gatehouse-aks-4f2a-sweden',
      'Key Vault Secrets User on azurerm_key_vault/kvgatehouseaks4f2a',
      'Managed Identity Operator on azurerm_user_assigned_identity/id-gatehouse-aks-kubelet',
      'Monitoring Metrics Publisher on azurerm_application_insights/appi-gatehouse-aks',
      'Network Contributor on azurerm_virtual_network/vnet-gatehouse-aks',
      'Private DNS Zone Contributor on azurerm_private_dns_zone/privatelink.swedencentral.azmk8s.io',
    ])
    // The account of the chart's pods, and no other, signs in as the gateway.
    const { serviceAccount } = parse(output('chart_values'))
    const [, namespace] = / --namespace (\S+) /.exec(output('chart_install')) ?? []
    const federated = resources.find(({ type }) => type === 'azurerm_federated_identity_credential')
    assert.equal(federated?.values['subject'], `system:serviceaccount:${namespace}:${serviceAccount.name}`)
    assert.equal(federated.values['subject'], 'system:serviceaccount:gatehouse:gatehouse')
    // The manifests that the chart's tests look at are made of these values.
    assert.deepEqual(parse(output('chart_values')), parse(readFileSync(valuesFile('aks'), 'utf8')))
    assert.match(
      output('chart_install'),
      /^az aks command invoke --resource-group \S+ --name aks-gatehouse-aks --file \. /,
    )
  })

  // Where others reached the gateway too, whoever writes X-Forwarded-For would choose the address in his records.
  test('the edge of aks is the only one that reaches the gateway, which takes callers from what it writes', async () => {
    const edge = {
      host: 'gatehouse.contoso.com',
      certificate_id: 'https://kvgatehouseaks4f2a.vault.azure.net/secrets/gatehouse',
    }
    const { resources, broken, output } = await applied('aks', { edge: JSON.stringify(edge) })
    assert.deepEqual(broken, [])
    const { gateway } = parse(output('gateway_yaml'))
    assert.deepEqual([gateway.trustForwardedFor, gateway.trustedProxies], [true, undefined])
    const group = resources.find(({ address }) => address.endsWith('azurerm_network_security_group.nodes[0]'))
    const callers = blocksOf(group?.values ?? {}, 'security_rule').find(({ name }) => name === 'callers')
    assert.deepEqual(callers?.['source_address_prefixes'], ['10.0.2.0/24'])
    assert.deepEqual(parse(output('chart_values')).networkPolicy.clients, [{ ipBlock: { cidr: '10.0.2.0/24' } }])
    const gatewayOfEdge = resources.find(({ type }) => type === 'azurerm_application_gateway')
    const [settings] = blocksOf(gatewayOfEdge?.values ?? {}, 'backend_http_settings')
    assert.deepEqual([settings?.['protocol'], settings?.['port']], ['Http', 8080])
    assert.ok(resources.some(({ address }) => address.endsWith('azurerm_monitor_metric_alert.this["edge-unhealthy"]')))
  })
})

/** Each as `ROLE on TYPE/NAME`, sorted. */
function rolesIn(resources: readonly Resource[]): readonly string[] {
  return resources
    .filter(({ type }) => type === 'azurerm_role_assignment')
    .map(
      ({ values }) =>
        `${values['role_definition_name']} on ${String(values['scope']).replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}`,
    )
    .sort()
}

// The Azure Developer CLI asks for nothing that this file does not answer: Terraform would wait for input.
test('azure.yaml of minimal runs Terraform in its directory, with a value for each variable', async () => {
  using copy = copyOfDeploy()
  const directory = join(copy.directory, 'examples/minimal')
  const { infra } = parse(readFileSync(join(directory, 'azure.yaml'), 'utf8'))
  assert.deepEqual(infra, { provider: 'terraform', path: '.' })
  const given: object = JSON.parse(readFileSync(join(directory, 'main.tfvars.json'), 'utf8'))
  const modules = await readModules(copy.directory)
  const variables = modules.find(one => one.directory === 'examples/minimal')?.variables ?? {}
  const required = Object.keys(variables).filter(name => !Object.hasOwn(variables[name] ?? {}, 'default'))
  assert.deepEqual(Object.keys(given).sort(), required.sort())
})
