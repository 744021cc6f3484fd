/** Mistakes that the checks of `deploy/terraform` must find. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A mistake: one place of one file, changed. */
export interface Mutation {
  readonly mistake: string
  /** Relative to `deploy/terraform`. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** Part of the finding. */
  readonly found: RegExp
}

/** Makes the mistake in a copy. @param directory the `terraform` directory of the copy. */
export function makeMistake(directory: string, { file, from, to }: Mutation): void {
  const path = join(directory, file)
  const text = readFileSync(path, 'utf8')
  assert.ok(text.includes(from), `${file} has no ${from}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
}

const openai = 'modules/openai/main.tf'
const network = 'modules/network/main.tf'
const identity = 'modules/identity/main.tf'
const ledger = 'modules/ledger/main.tf'

/** Found by the parser and the rules, on every machine. */
export const written: readonly Mutation[] = [
  {
    mistake: 'keys of an account are on',
    file: openai,
    from: 'local_auth_enabled            = false',
    to: 'local_auth_enabled            = true',
    found: /local_auth_enabled must be false/,
  },
  {
    mistake: 'nobody says that keys of an account are off',
    file: openai,
    from: '  local_auth_enabled            = false\n',
    to: '',
    found: /local_auth_enabled must be false, and is undefined/,
  },
  {
    mistake: 'an account has a public address',
    file: openai,
    from: 'public_network_access_enabled = false',
    to: 'public_network_access_enabled = true',
    found: /public_network_access_enabled must be false/,
  },
  {
    mistake: 'an account has no subdomain',
    file: openai,
    from: '  custom_subdomain_name         = var.name\n',
    to: '',
    found: /without custom_subdomain_name/,
  },
  {
    mistake: 'an account has no private endpoint',
    file: openai,
    from: 'private_connection_resource_id = azurerm_cognitive_account.this.id',
    to: 'private_connection_resource_id = var.subnet_id',
    found: /azurerm_cognitive_account\.this: it has no private endpoint/,
  },
  {
    mistake: 'a private endpoint has no DNS zone',
    file: openai,
    from: '  private_dns_zone_group {\n    name                 = "default"\n    private_dns_zone_ids = var.zone_ids\n  }\n',
    to: '',
    found: /no private DNS zone gets its address/,
  },
  {
    mistake: 'a private endpoint has an empty list of zones',
    file: openai,
    from: 'private_dns_zone_ids = var.zone_ids',
    to: 'private_dns_zone_ids = []',
    found: /no private DNS zone gets its address/,
  },
  {
    mistake: 'a private endpoint waits for somebody to approve it',
    file: openai,
    from: 'is_manual_connection           = false',
    to: 'is_manual_connection           = true',
    found: /approve it by hand/,
  },
  {
    mistake: 'a private endpoint is for another subresource',
    file: openai,
    from: 'subresource_names              = ["account"]',
    to: 'subresource_names              = ["portal"]',
    found: /the subresource must be account/,
  },
  {
    mistake: 'deployments do not wait for the endpoint',
    file: openai,
    from: '  depends_on = [azurerm_private_endpoint.this]\n',
    to: '',
    found: /azurerm_cognitive_deployment\.this: it must wait for azurerm_private_endpoint/,
  },
  {
    mistake: 'an argument is misspelt',
    file: openai,
    from: 'custom_subdomain_name         =',
    to: 'custom_sub_domain_name        =',
    found: /no argument custom_sub_domain_name/,
  },
  {
    mistake: 'an argument of a block is misspelt',
    file: openai,
    from: '    capacity = each',
    to: '    capacitiy = each',
    found: /no argument capacitiy/,
  },
  {
    mistake: 'a required argument is missing',
    file: openai,
    from: '  sku_name                      = "S0"\n',
    to: '',
    found: /the argument sku_name is missing/,
  },
  {
    mistake: 'a required block is missing',
    file: openai,
    from: '  sku {\n    name     = each.value.sku\n    capacity = each.value.capacity\n  }\n',
    to: '',
    found: /the block sku is missing/,
  },
  {
    mistake: 'there is a block twice that may be there once',
    file: openai,
    from: '  network_acls {\n    default_action = "Deny"\n  }\n',
    to: '  network_acls {\n    default_action = "Deny"\n  }\n  network_acls {\n    default_action = "Deny"\n  }\n',
    found: /more than 1 blocks network_acls/,
  },
  {
    mistake: 'an argument has a value of another type',
    file: network,
    from: 'address_space       = [var.address_space]',
    to: 'address_space       = "10.0.0.0/16"',
    found: /is no \["list","string"\]/,
  },
  {
    mistake: 'there is no such type of resource',
    file: identity,
    from: '"azurerm_user_assigned_identity"',
    to: '"azurerm_user_identity"',
    found: /no such type/,
  },
  {
    mistake: 'a variable is not declared',
    file: openai,
    from: 'subnet_id           = var.subnet_id',
    to: 'subnet_id           = var.subnet',
    found: /nothing is declared as var\.subnet/,
  },
  {
    mistake: 'a local value is not declared',
    file: network,
    from: '[local.endpoints]',
    to: '[local.places]',
    found: /nothing is declared as local\.places/,
  },
  {
    mistake: 'a resource that is referred to does not exist',
    file: network,
    from: 'network_security_group_id = azurerm_network_security_group.apps.id',
    to: 'network_security_group_id = azurerm_network_security_group.containers.id',
    found: /nothing is declared as azurerm_network_security_group\.containers/,
  },
  {
    mistake: 'an output that is referred to does not exist',
    file: 'main.tf',
    from: 'module.network.endpoints_subnet_id',
    to: 'module.network.endpoint_subnet_id',
    found: /nothing is declared as module\.network\.endpoint_subnet_id/,
  },
  {
    mistake: 'a module lacks an argument',
    file: 'main.tf',
    from: '  zones               = local.zones\n',
    to: '',
    found: /module\.network: zones is missing/,
  },
  {
    mistake: 'a module gets an argument that it does not have',
    file: 'main.tf',
    from: '  zones               = local.zones\n',
    to: '  zones               = local.zones\n  peers               = []\n',
    found: /the module has no variable peers/,
  },
  {
    mistake: 'a resource has no tags',
    file: identity,
    from: '  tags                = var.tags\n',
    to: '',
    found: /the tag Company is missing/,
  },
  {
    mistake: 'a role is assigned that manages everything',
    file: identity,
    from: 'role_definition_name = each.value.role',
    to: 'role_definition_name = "Contributor"',
    found: /the role Contributor is more than is needed/,
  },
  {
    mistake: 'nobody says that the principal of a role is an application',
    file: identity,
    from: '  principal_type       = "ServicePrincipal"\n',
    to: '',
    found: /principal_type must be ServicePrincipal/,
  },
  {
    mistake: 'a DNS zone is not linked with the network',
    file: network,
    from: 'private_dns_zone_name = azurerm_private_dns_zone.this[each.key].name',
    to: 'private_dns_zone_name = each.key',
    found: /no virtual network is linked with it/,
  },
  {
    mistake: 'machines of the network register in a private zone',
    file: network,
    from: 'registration_enabled  = false',
    to: 'registration_enabled  = true',
    found: /registration_enabled must be false/,
  },
  {
    mistake: 'the whole internet may call the gateway',
    file: network,
    from: 'source_address_prefixes    = concat([var.address_space], var.callers)',
    to: 'source_address_prefix      = "*"',
    found: /lets the whole internet in/,
  },
  {
    mistake: 'a security group refuses nobody',
    file: network,
    from: 'access                     = "Deny"',
    to: 'access                     = "Allow"',
    found: /nothing refuses everybody else/,
  },
  {
    mistake: 'keys of Event Hubs are on',
    file: ledger,
    from: 'local_authentication_enabled  = false',
    to: 'local_authentication_enabled  = true',
    found: /local_authentication_enabled must be false/,
  },
  {
    mistake: 'Event Hubs has a public address',
    file: ledger,
    from: 'public_network_access_enabled = false\n  tags                          = var.tags\n\n  # Data',
    to: 'public_network_access_enabled = true\n  tags                          = var.tags\n\n  # Data',
    found: /azurerm_eventhub_namespace\.this: public_network_access_enabled must be false/,
  },
  {
    mistake: 'the rules of Event Hubs contradict its public access',
    file: ledger,
    from: '    public_network_access_enabled  = false\n',
    to: '',
    found: /its network rules must say the same/,
  },
  {
    mistake: 'Data Explorer may not read the private namespace',
    file: ledger,
    from: 'trusted_service_access_enabled = true',
    to: 'trusted_service_access_enabled = false',
    found: /Data Explorer cannot read it/,
  },
  {
    mistake: 'the cluster stops by itself',
    file: ledger,
    from: '  auto_stop_enabled             = false\n',
    to: '',
    found: /auto_stop_enabled must be false/,
  },
  {
    mistake: 'the cluster has no private endpoint',
    file: ledger,
    from: 'private_connection_resource_id = azurerm_kusto_cluster.this.id',
    to: 'private_connection_resource_id = azurerm_eventhub_namespace.this.id',
    found: /azurerm_kusto_cluster\.this: it has no private endpoint/,
  },
  {
    mistake: 'the data connection signs in with a key',
    file: ledger,
    from: '  identity_id         = azurerm_kusto_cluster.this.id\n',
    to: '',
    found: /it would sign in with a key/,
  },
  {
    mistake: 'the data connection does not wait for tables and role',
    file: ledger,
    from: '    azurerm_kusto_script.identity,\n',
    to: '',
    found: /it must wait for azurerm_kusto_script/,
  },
  {
    mistake: 'the data connection does not wait for its role',
    file: ledger,
    from: '    azurerm_role_assignment.cluster,\n',
    to: '',
    found: /it must wait for azurerm_role_assignment/,
  },
  {
    mistake: 'scripts of a database run in parallel',
    file: ledger,
    from: '  depends_on = [azurerm_kusto_script.tables]\n',
    to: '',
    found: /azurerm_kusto_script\.policies: it must wait for azurerm_kusto_script/,
  },
  {
    mistake: 'an output shows a key',
    file: 'modules/openai/outputs.tf',
    from: 'value       = azurerm_cognitive_account.this.id',
    to: 'value       = azurerm_cognitive_account.this.primary_access_key',
    found: /the output id shows a secret/,
  },
  {
    mistake: 'a variable has no description',
    file: 'variables.tf',
    from: '  description = "Value of the tag Company."\n',
    to: '',
    found: /the variable company needs a type and a description/,
  },
]

/** Found by Terraform alone, from values that it computes. */
export const computed: readonly Mutation[] = [
  {
    mistake: 'the zone of an account is that of another service',
    file: 'main.tf',
    from: 'privatelink.openai.azure.com',
    to: 'privatelink.openai.azure.net',
    found: /its zone must be/,
  },
  {
    mistake: 'a workload names a deployment that does not exist',
    file: 'examples/minimal/main.tf',
    from: 'deployments = ["gpt-4o"]',
    to: 'deployments = ["gpt-4"]',
    found: /name a deployment that no instance has/,
  },
  {
    mistake: 'a tag is not made',
    file: 'main.tf',
    from: '    Project     = var.project\n',
    to: '',
    found: /the tag Project is missing/,
  },
  {
    mistake: 'the identity gets a role that manages an account',
    file: 'main.tf',
    from: 'role  = "Cognitive Services OpenAI User"',
    to: 'role  = "Cognitive Services Contributor"',
    found: /The gateway needs no role but/,
  },
  {
    mistake: 'a function is called with a wrong argument',
    file: network,
    from: 'cidrsubnet(var.address_space, local.subnet_bits, 1)',
    to: 'cidrsubnet(var.address_space, local.subnet_bits)',
    found: /Not enough function arguments/,
  },
  {
    mistake: 'a value of a variable is not allowed',
    file: 'examples/minimal/main.tf',
    from: 'capacity = 10',
    to: 'capacity = 10.5',
    found: /capacity must be a whole number/,
  },
  {
    mistake: 'files are not formatted',
    file: 'main.tf',
    from: '  project     = var.project\n',
    to: '  project = var.project\n',
    found: /^main\.tf$/m,
  },
]
