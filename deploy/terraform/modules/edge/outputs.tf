output "id" {
  description = "The application gateway, for its diagnostic settings."
  value       = azurerm_application_gateway.this.id
}

output "url" {
  description = "Address for callers. Its name must lead to `address` in their DNS."
  value       = "https://${var.host}"
}

output "address" {
  description = "Address that the name must lead to."
  value       = var.public_enabled ? one(values(azurerm_public_ip.this)[*].ip_address) : var.private_address
}
