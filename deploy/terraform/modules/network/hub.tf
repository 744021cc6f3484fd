# Peering with the network of a hub, in both directions. Each direction is a resource of the network that it begins in.
locals {
  # /subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Network/virtualNetworks/NAME
  hub = var.hub == null ? null : split("/", var.hub.virtual_network_id)
}

resource "azurerm_virtual_network_peering" "to_hub" {
  count = local.owned && var.hub != null ? 1 : 0

  name                         = "to-hub"
  resource_group_name          = var.resource_group_name
  virtual_network_name         = azurerm_virtual_network.this[0].name
  remote_virtual_network_id    = var.hub.virtual_network_id
  allow_virtual_network_access = true
  allow_forwarded_traffic      = true
  use_remote_gateways          = var.hub.use_gateways

  # Azure refuses the use of a gateway that the other direction does not allow yet.
  depends_on = [azurerm_virtual_network_peering.from_hub]
}

resource "azurerm_virtual_network_peering" "from_hub" {
  count = local.owned && try(var.hub.both_directions, false) ? 1 : 0

  name                         = "to-${var.name}"
  resource_group_name          = local.hub[4]
  virtual_network_name         = local.hub[8]
  remote_virtual_network_id    = azurerm_virtual_network.this[0].id
  allow_virtual_network_access = true
  allow_gateway_transit        = var.hub.use_gateways
}
