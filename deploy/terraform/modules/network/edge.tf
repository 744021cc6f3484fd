# The subnet of Application Gateway, which takes nothing else.
locals {
  has_edge = local.owned && var.edge != null
}

resource "azurerm_subnet" "edge" {
  count = local.has_edge ? 1 : 0

  name                            = "edge"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this[0].name
  address_prefixes                = [local.edge]
  default_outbound_access_enabled = false

  delegation {
    name = "application-gateway"

    service_delegation {
      name    = "Microsoft.Network/applicationGateways"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_network_security_group" "edge" {
  count = local.has_edge ? 1 : 0

  name                = "nsg-${var.name}-edge"
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
    destination_address_prefix = local.edge
    destination_port_range     = "443"
  }

  security_rule {
    name                       = "load-balancer"
    priority                   = 110
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "*"
    source_address_prefix      = "AzureLoadBalancer"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }

  # A gateway with a public address is managed through it; one without needs no such rule.
  dynamic "security_rule" {
    for_each = var.edge.public_enabled ? ["gateway-manager"] : []

    content {
      name                       = security_rule.value
      priority                   = 120
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_address_prefix      = "GatewayManager"
      source_port_range          = "*"
      destination_address_prefix = "*"
      destination_port_range     = "65200-65535"
    }
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

resource "azurerm_subnet_network_security_group_association" "edge" {
  count = local.has_edge ? 1 : 0

  subnet_id                 = azurerm_subnet.edge[0].id
  network_security_group_id = azurerm_network_security_group.edge[0].id
}
