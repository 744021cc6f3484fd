locals {
  owned = var.existing == null

  # Of a /16: subnets of /24. Of a /24: subnets of /26 (Container Apps need /27).
  subnet_bits = tonumber(split("/", var.address_space)[1]) <= 22 ? 24 - tonumber(split("/", var.address_space)[1]) : 2
  endpoints   = cidrsubnet(var.address_space, local.subnet_bits, 0)
  apps        = cidrsubnet(var.address_space, local.subnet_bits, 1)
  edge        = cidrsubnet(var.address_space, local.subnet_bits, 2)
  nodes       = cidrsubnet(var.address_space, local.subnet_bits, 3)

  # The gateway runs in one of the two.
  has_nodes = local.owned && var.nodes != null
  has_apps  = local.owned && var.nodes == null

  # Who reaches the gateway's own address: with an edge that writes X-Forwarded-For for it, the edge alone.
  gateway_callers = var.behind_edge ? [local.edge] : concat([var.address_space], var.callers)

  virtual_network_id = local.owned ? azurerm_virtual_network.this[0].id : var.existing.virtual_network_id
  made_zones         = { for key, zone in var.zones : key => zone if !contains(keys(var.existing_zone_ids), key) }
}

resource "azurerm_virtual_network" "this" {
  count = local.owned ? 1 : 0

  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
  tags                = var.tags
}

resource "azurerm_subnet" "endpoints" {
  count = local.owned ? 1 : 0

  name                              = "endpoints"
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this[0].name
  address_prefixes                  = [local.endpoints]
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
  default_outbound_access_enabled   = false
}

# From the virtual network alone (the gateway, queries to Data Explorer): HTTPS, NFS of the journal, AMQP of Event Hubs,
# Redis.
resource "azurerm_network_security_group" "endpoints" {
  count = local.owned ? 1 : 0

  name                = "nsg-${var.name}-endpoints"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  security_rule {
    name                       = "network"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = var.address_space
    source_port_range          = "*"
    destination_address_prefix = local.endpoints
    destination_port_ranges    = ["443", "2049", "5671", "10000"]
  }

  security_rule {
    name                       = "nobody-else"
    priority                   = 4000
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "*"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "endpoints" {
  count = local.owned ? 1 : 0

  subnet_id                 = azurerm_subnet.endpoints[0].id
  network_security_group_id = azurerm_network_security_group.endpoints[0].id
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.made_zones

  name                = each.value
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

# Zones that are given are linked by those who have them.
resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = local.made_zones

  name                  = var.name
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.this[each.key].name
  virtual_network_id    = local.virtual_network_id
  registration_enabled  = false
  tags                  = var.tags
}
