import type { Mistakes } from './mutation.ts'

const main = 'modules/openai/main.tf'

/** Mistakes in the module `openai`. */
export const openai: Mistakes = {
  written: [
    {
      mistake: 'keys of an account are on',
      file: main,
      from: 'local_auth_enabled            = false',
      to: 'local_auth_enabled            = true',
      found: /local_auth_enabled must be false/,
    },
    {
      mistake: 'nobody says that keys of an account are off',
      file: main,
      from: '  local_auth_enabled            = false\n',
      to: '',
      found: /local_auth_enabled must be false, and is undefined/,
    },
    {
      mistake: 'an account has a public address',
      file: main,
      from: 'public_network_access_enabled = false',
      to: 'public_network_access_enabled = true',
      found: /public_network_access_enabled must be false/,
    },
    {
      mistake: 'an account has no subdomain',
      file: main,
      from: '  custom_subdomain_name         = var.name\n',
      to: '',
      found: /without custom_subdomain_name/,
    },
    {
      mistake: 'an account has no private endpoint',
      file: main,
      from: 'private_connection_resource_id = azurerm_cognitive_account.this.id',
      to: 'private_connection_resource_id = var.subnet_id',
      found: /azurerm_cognitive_account\.this: it has no private endpoint/,
    },
    {
      mistake: 'a private endpoint has no DNS zone',
      file: main,
      from: '  private_dns_zone_group {\n    name                 = "default"\n    private_dns_zone_ids = var.zone_ids\n  }\n',
      to: '',
      found: /no private DNS zone gets its address/,
    },
    {
      mistake: 'a private endpoint has an empty list of zones',
      file: main,
      from: 'private_dns_zone_ids = var.zone_ids',
      to: 'private_dns_zone_ids = []',
      found: /no private DNS zone gets its address/,
    },
    {
      mistake: 'a private endpoint waits for somebody to approve it',
      file: main,
      from: 'is_manual_connection           = false',
      to: 'is_manual_connection           = true',
      found: /approve it by hand/,
    },
    {
      mistake: 'a private endpoint is for another subresource',
      file: main,
      from: 'subresource_names              = ["account"]',
      to: 'subresource_names              = ["portal"]',
      found: /the subresource must be account/,
    },
    {
      mistake: 'deployments do not wait for the endpoint',
      file: main,
      from: '  depends_on = [azurerm_private_endpoint.this]\n',
      to: '',
      found: /azurerm_cognitive_deployment\.this: it must wait for azurerm_private_endpoint/,
    },
    {
      mistake: 'an argument is misspelt',
      file: main,
      from: 'custom_subdomain_name         =',
      to: 'custom_sub_domain_name        =',
      found: /no argument custom_sub_domain_name/,
    },
    {
      mistake: 'an argument of a block is misspelt',
      file: main,
      from: '    capacity = each',
      to: '    capacitiy = each',
      found: /no argument capacitiy/,
    },
    {
      mistake: 'a required argument is missing',
      file: main,
      from: '  sku_name                      = "S0"\n',
      to: '',
      found: /the argument sku_name is missing/,
    },
    {
      mistake: 'a required block is missing',
      file: main,
      from: '  sku {\n    name     = each.value.sku\n    capacity = each.value.capacity\n  }\n',
      to: '',
      found: /the block sku is missing/,
    },
    {
      mistake: 'there is a block twice that may be there once',
      file: main,
      from: '  network_acls {\n    default_action = "Deny"\n  }\n',
      to: '  network_acls {\n    default_action = "Deny"\n  }\n  network_acls {\n    default_action = "Deny"\n  }\n',
      found: /more than 1 blocks network_acls/,
    },
    {
      mistake: 'a variable is not declared',
      file: main,
      from: 'subnet_id           = var.subnet_id',
      to: 'subnet_id           = var.subnet',
      found: /nothing is declared as var\.subnet/,
    },
    {
      mistake: 'an output shows a key',
      file: 'modules/openai/outputs.tf',
      from: 'value       = azurerm_cognitive_account.this.id',
      to: 'value       = azurerm_cognitive_account.this.primary_access_key',
      found: /the output id shows a secret/,
    },
  ],
  computed: [],
}
