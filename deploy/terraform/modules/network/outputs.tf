output "endpoints_subnet_id" {
  description = "Subnet of private endpoints."
  value       = azurerm_subnet.endpoints.id

  # Whoever puts something into the subnet finds its rules in force.
  depends_on = [azurerm_subnet_network_security_group_association.endpoints]
}

output "apps_subnet_id" {
  description = "Subnet that is delegated to Container Apps."
  value       = azurerm_subnet.apps.id

  depends_on = [azurerm_subnet_network_security_group_association.apps]
}

output "virtual_network_id" {
  description = "The virtual network, to peer or to link further zones with."
  value       = azurerm_virtual_network.this.id
}

output "zone_ids" {
  description = "Private DNS zones by what they are for. They are linked to the virtual network."
  value       = { for key, zone in azurerm_private_dns_zone.this : key => zone.id }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}
