# Nodes get their images from Microsoft's registry and sign in to Entra. This address is for that alone: nothing comes in
# by it.
locals {
  nat = var.outbound == "nat_gateway" ? ["nodes"] : []
}

resource "azurerm_public_ip" "outbound" {
  for_each = toset(local.nat)

  name                = "pip-${var.nat_gateway_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = var.zones
  tags                = var.tags
}

# Silent connections, as that to a model that thinks, outlive the gateway's own timeouts.
resource "azurerm_nat_gateway" "nodes" {
  for_each = toset(local.nat)

  name                    = var.nat_gateway_name
  resource_group_name     = var.resource_group_name
  location                = var.location
  sku_name                = "Standard"
  idle_timeout_in_minutes = 30
  tags                    = var.tags
}

resource "azurerm_nat_gateway_public_ip_association" "nodes" {
  for_each = toset(local.nat)

  nat_gateway_id       = azurerm_nat_gateway.nodes[each.key].id
  public_ip_address_id = azurerm_public_ip.outbound[each.key].id
}

resource "azurerm_subnet_nat_gateway_association" "nodes" {
  for_each = toset(local.nat)

  subnet_id      = var.subnet_id
  nat_gateway_id = azurerm_nat_gateway.nodes[each.key].id
}
