output "id" {
  description = "The registry, for the role that pulls from it."
  value       = azurerm_container_registry.this.id
}

output "login_server" {
  description = "Host of the registry, the first part of an image's name. It is known when the network reaches it."
  value       = azurerm_container_registry.this.login_server

  depends_on = [azurerm_private_endpoint.this]
}
