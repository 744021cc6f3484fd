output "url" {
  description = "Address of the gateway inside the virtual network: HTTPS, or plain HTTP on the gateway's port where ingress is tcp."
  value       = var.ingress == "tcp" ? "http://${azurerm_container_app.this.ingress[0].fqdn}:${var.port}" : "https://${azurerm_container_app.this.ingress[0].fqdn}"

  depends_on = [
    azurerm_private_dns_a_record.apps,
    azurerm_private_dns_zone_virtual_network_link.environment,
  ]
}

output "fqdn" {
  description = "Host name of the gateway inside the virtual network."
  value       = azurerm_container_app.this.ingress[0].fqdn
}

output "environment_id" {
  description = "The Container Apps environment, for diagnostic settings."
  value       = azurerm_container_app_environment.this.id
}

output "app_id" {
  description = "The container app, for alerts."
  value       = azurerm_container_app.this.id
}
