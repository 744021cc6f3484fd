output "id" {
  description = "The identity as a resource, for what runs as it."
  value       = azurerm_user_assigned_identity.this.id
}

output "client_id" {
  description = "Client id: the configuration of the gateway names the identity by it."
  value       = azurerm_user_assigned_identity.this.client_id
}
