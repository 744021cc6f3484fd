# What the cluster does in the network: it joins the subnet, puts the balancer's address there, writes the name of its API
# server and links its zone.
resource "azurerm_user_assigned_identity" "cluster" {
  name                = var.cluster_identity_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_user_assigned_identity" "kubelet" {
  name                = var.kubelet_identity_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_role_assignment" "cluster" {
  for_each = {
    network = { role = "Network Contributor", scope = var.virtual_network_id }
    zone    = { role = "Private DNS Zone Contributor", scope = var.api_server_zone_id }
    # It gives nodes the identity with which they pull images.
    kubelet = { role = "Managed Identity Operator", scope = azurerm_user_assigned_identity.kubelet.id }
  }

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.cluster.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "kubelet" {
  for_each = var.registries

  scope                = each.value
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.kubelet.principal_id
  principal_type       = "ServicePrincipal"
}
