output "id" {
  description = "The identity as a resource, for what runs as it. It is known when its roles are assigned."
  value       = azurerm_user_assigned_identity.this.id

  depends_on = [azurerm_role_assignment.this]
}

output "principal_id" {
  description = "Object id, by which Redis knows the identity."
  value       = azurerm_user_assigned_identity.this.principal_id
}

output "client_id" {
  description = "Client id: the configuration of the gateway names the identity by it."
  value       = azurerm_user_assigned_identity.this.client_id
}
