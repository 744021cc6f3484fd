output "endpoints_subnet_id" {
  description = "Subnet of private endpoints."
  value       = local.owned ? azurerm_subnet.endpoints[0].id : var.existing.endpoints_subnet_id

  # Whoever puts something into the subnet finds its rules in force.
  depends_on = [azurerm_subnet_network_security_group_association.endpoints]
}

output "apps_subnet_id" {
  description = "Subnet that is delegated to Container Apps; null where there are nodes instead."
  value       = local.owned ? one(azurerm_subnet.apps[*].id) : var.existing.apps_subnet_id

  depends_on = [azurerm_subnet_network_security_group_association.apps]
}

output "nodes_subnet_id" {
  description = "Subnet of an AKS cluster; null where there is none."
  value       = local.owned ? one(azurerm_subnet.nodes[*].id) : var.existing.nodes_subnet_id

  depends_on = [azurerm_subnet_network_security_group_association.nodes]
}

output "nodes_address" {
  description = "An address of the nodes' subnet that is free in a new network, for their balancer; null where the network is given."
  value       = local.owned ? cidrhost(local.nodes, -6) : null
}

output "edge_range" {
  description = "Addresses of the subnet of Application Gateway, which are those of its connections; null where they are not known."
  value       = local.owned ? local.edge : var.existing.edge_range
}

output "edge_subnet_id" {
  description = "Subnet of Application Gateway; null where there is none."
  value       = local.owned ? one(azurerm_subnet.edge[*].id) : var.existing.edge_subnet_id

  depends_on = [azurerm_subnet_network_security_group_association.edge]
}

output "edge_address" {
  description = "An address of the subnet of Application Gateway that is free in a new network; null where the network is given."
  value       = local.owned ? cidrhost(local.edge, 10) : null
}

output "virtual_network_id" {
  description = "The virtual network, to peer or to link further zones with."
  value       = local.virtual_network_id
}

output "security_group_ids" {
  description = "Security groups of the subnets, by subnet. None where the network is given."
  value = local.owned ? merge(
    { endpoints = azurerm_network_security_group.endpoints[0].id },
    { for group in azurerm_network_security_group.apps : "apps" => group.id },
    { for group in azurerm_network_security_group.nodes : "nodes" => group.id },
    { for group in azurerm_network_security_group.edge : "edge" => group.id },
  ) : {}
}

output "zone_ids" {
  description = "Private DNS zones by what they are for. They are linked to the virtual network."
  value       = { for key, zone in var.zones : key => contains(keys(var.existing_zone_ids), key) ? var.existing_zone_ids[key] : azurerm_private_dns_zone.this[key].id }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}
