import type { Mistakes } from './mutation.ts'

const main = 'modules/network/main.tf'
const apps = 'modules/network/apps.tf'

/** Mistakes in the module `network`. */
export const network: Mistakes = {
  written: [
    {
      mistake: 'an argument has a value of another type',
      file: main,
      from: 'address_space       = [var.address_space]',
      to: 'address_space       = "10.0.0.0/16"',
      found: /is no \["list","string"\]/,
    },
    {
      mistake: 'a local value is not declared',
      file: main,
      from: '[local.endpoints]',
      to: '[local.places]',
      found: /nothing is declared as local\.places/,
    },
    {
      mistake: 'a resource that is referred to does not exist',
      file: apps,
      from: 'network_security_group_id = azurerm_network_security_group.apps[0].id',
      to: 'network_security_group_id = azurerm_network_security_group.containers[0].id',
      found: /nothing is declared as azurerm_network_security_group\.containers/,
    },
    {
      mistake: 'a DNS zone is not linked with the network',
      file: main,
      from: 'private_dns_zone_name = azurerm_private_dns_zone.this[each.key].name',
      to: 'private_dns_zone_name = each.key',
      found: /no virtual network is linked with it/,
    },
    {
      mistake: 'machines of the network register in a private zone',
      file: main,
      from: 'registration_enabled  = false',
      to: 'registration_enabled  = true',
      found: /registration_enabled must be false/,
    },
    {
      mistake: 'the whole internet may call the gateway',
      file: apps,
      from: 'source_address_prefixes    = local.gateway_callers',
      to: 'source_address_prefix      = "*"',
      found: /lets the whole internet in/,
    },
    {
      mistake: 'the whole internet reaches the nodes of the cluster',
      file: 'modules/network/nodes.tf',
      from: 'source_address_prefixes    = local.gateway_callers',
      to: 'source_address_prefix      = "Internet"',
      found: /the rule callers lets the whole internet in/,
    },
    {
      mistake: 'a security group refuses nobody',
      file: main,
      from: 'access                     = "Deny"',
      to: 'access                     = "Allow"',
      found: /nothing refuses everybody else/,
    },
    {
      mistake: 'the whole internet reaches the edge',
      file: 'modules/network/edge.tf',
      from: 'source_address_prefixes    = concat([var.address_space], var.callers)',
      to: 'source_address_prefix      = "Internet"',
      found: /lets the whole internet in/,
    },
    {
      mistake: 'the subnet of the edge has no security group',
      file: 'modules/network/edge.tf',
      from: 'network_security_group_id = azurerm_network_security_group.edge[0].id',
      to: 'network_security_group_id = azurerm_network_security_group.front[0].id',
      found: /nothing is declared as azurerm_network_security_group\.front/,
    },
    {
      mistake: 'a peering has no network to peer with',
      file: 'modules/network/hub.tf',
      from: '  remote_virtual_network_id    = var.hub.virtual_network_id\n',
      to: '',
      found: /the argument remote_virtual_network_id is missing/,
    },
    {
      mistake: 'the gateway of the hub is used before the hub allows it',
      file: 'modules/network/hub.tf',
      from: '  depends_on = [azurerm_virtual_network_peering.from_hub]\n',
      to: '',
      found: /to_hub: it must wait for azurerm_virtual_network_peering/,
    },
  ],
  computed: [
    {
      mistake: 'a function is called with a wrong argument',
      file: main,
      from: 'cidrsubnet(var.address_space, local.subnet_bits, 1)',
      to: 'cidrsubnet(var.address_space, local.subnet_bits)',
      found: /Not enough function arguments/,
    },
  ],
}
