/**
 * Writes `test/terraform/azurerm.json`, the schemas that the checks of `deploy/terraform` use:
 *   npm pack @cdktn/provider-azurerm@16.1.0 && tar xzf cdktn-provider-azurerm-16.1.0.tgz
 *   node scripts/run.mjs scripts/terraform-schema.ts package/lib && npm run format
 * The bindings (MPL-2.0) are large, so they are no dependency: only names and types of a few resources are kept.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBindings } from '../test/terraform/bindings.ts'

const resources = [
  'azurerm_cognitive_account',
  'azurerm_cognitive_deployment',
  'azurerm_eventhub',
  'azurerm_eventhub_consumer_group',
  'azurerm_eventhub_namespace',
  'azurerm_kusto_cluster',
  'azurerm_kusto_database',
  'azurerm_kusto_eventhub_data_connection',
  'azurerm_kusto_script',
  'azurerm_network_security_group',
  'azurerm_private_dns_zone',
  'azurerm_private_dns_zone_virtual_network_link',
  'azurerm_private_endpoint',
  'azurerm_resource_group',
  'azurerm_role_assignment',
  'azurerm_subnet',
  'azurerm_subnet_network_security_group_association',
  'azurerm_user_assigned_identity',
  'azurerm_virtual_network',
]

const [library] = process.argv.slice(2)
if (library === undefined) {
  process.stderr.write('✗ usage  terraform-schema.ts DIRECTORY-OF-BINDINGS\n')
  process.exit(2)
}

function declarations(of: string): string {
  return readFileSync(join(library ?? '', of.replaceAll('_', '-'), 'index.d.ts'), 'utf8')
}

const version = /azurerm\/([\d.]+)\/docs/.exec(declarations('resource_group'))?.[1]
const schema = {
  version,
  resources: Object.fromEntries(
    resources.map(type => [type, readBindings(declarations(type.replace('azurerm_', '')))]),
  ),
  data: { azurerm_client_config: readBindings(declarations('data_azurerm_client_config')) },
}
writeFileSync(join(import.meta.dirname, '..', 'test', 'terraform', 'azurerm.json'), `${JSON.stringify(schema)}\n`)
