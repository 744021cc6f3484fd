# The subnet of Container Apps.
resource "azurerm_subnet" "apps" {
  count = local.has_apps ? 1 : 0

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

# Inbound as Container Apps with workload profiles need it: callers, the load balancer, the environment itself.
resource "azurerm_network_security_group" "apps" {
  count = local.has_apps ? 1 : 0

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
    source_address_prefixes    = local.gateway_callers
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

resource "azurerm_subnet_network_security_group_association" "apps" {
  count = local.has_apps ? 1 : 0

  subnet_id                 = azurerm_subnet.apps[0].id
  network_security_group_id = azurerm_network_security_group.apps[0].id
}
