locals {
  owned = var.existing == null

  # Of a /16: subnets of /24. Of a /24: subnets of /26 (Container Apps need /27).
  subnet_bits = tonumber(split("/", var.address_space)[1]) <= 22 ? 24 - tonumber(split("/", var.address_space)[1]) : 2
  endpoints   = cidrsubnet(var.address_space, local.subnet_bits, 0)
  apps        = cidrsubnet(var.address_space, local.subnet_bits, 1)
  edge        = cidrsubnet(var.address_space, local.subnet_bits, 2)

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

resource "azurerm_subnet" "apps" {
  count = local.owned ? 1 : 0

  name                 = "apps"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this[0].name
  address_prefixes     = [local.apps]

  delegation {
    name = "container-apps"

    service_delegation {
      name    = "Microsoft.App/environments"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
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

# Inbound as Container Apps with workload profiles need it: callers, the load balancer, the environment itself.
resource "azurerm_network_security_group" "apps" {
  count = local.owned ? 1 : 0

  name                = "nsg-${var.name}-apps"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  security_rule {
    name                       = "callers"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefixes    = concat([var.address_space], var.callers)
    source_port_range          = "*"
    destination_address_prefix = local.apps
    destination_port_ranges    = ["443", "8080", "31443"]
  }

  security_rule {
    name                       = "environment"
    priority                   = 110
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "*"
    source_address_prefix      = local.apps
    source_port_range          = "*"
    destination_address_prefix = local.apps
    destination_port_range     = "*"
  }

  security_rule {
    name                       = "load-balancer"
    priority                   = 120
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = "AzureLoadBalancer"
    source_port_range          = "*"
    destination_address_prefix = local.apps
    destination_port_range     = "30000-32767"
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

resource "azurerm_subnet_network_security_group_association" "apps" {
  count = local.owned ? 1 : 0

  subnet_id                 = azurerm_subnet.apps[0].id
  network_security_group_id = azurerm_network_security_group.apps[0].id
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
