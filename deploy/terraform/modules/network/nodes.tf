# The subnet of an AKS cluster's nodes, with the endpoint of its API server and the address of its balancer.
resource "azurerm_subnet" "nodes" {
  count = local.has_nodes ? 1 : 0

  name                              = "nodes"
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this[0].name
  address_prefixes                  = [local.nodes]
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
  default_outbound_access_enabled   = false
}

# Pods have addresses of their own, also on the way from node to node.
resource "azurerm_network_security_group" "nodes" {
  count = local.has_nodes ? 1 : 0

  name                = "nsg-${var.name}-nodes"
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
    destination_address_prefix = local.nodes
    destination_port_range     = "8080"
  }

  security_rule {
    name                         = "cluster"
    priority                     = 110
    direction                    = "Inbound"
    access                       = "Allow"
    protocol                     = "*"
    source_address_prefixes      = [local.nodes, var.nodes.pod_range]
    source_port_range            = "*"
    destination_address_prefixes = [local.nodes, var.nodes.pod_range]
    destination_port_range       = "*"
  }

  # Whoever works on the cluster, from a machine in the network.
  security_rule {
    name                       = "api-server"
    priority                   = 120
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = var.address_space
    source_port_range          = "*"
    destination_address_prefix = local.nodes
    destination_port_range     = "443"
  }

  security_rule {
    name                       = "load-balancer"
    priority                   = 130
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = "AzureLoadBalancer"
    source_port_range          = "*"
    destination_address_prefix = local.nodes
    destination_port_range     = "*"
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

resource "azurerm_subnet_network_security_group_association" "nodes" {
  count = local.has_nodes ? 1 : 0

  subnet_id                 = azurerm_subnet.nodes[0].id
  network_security_group_id = azurerm_network_security_group.nodes[0].id
}
