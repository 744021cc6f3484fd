output "id" {
  description = "The vault, for the role that reads its secrets."
  value       = azurerm_key_vault.this.id
}

output "uri" {
  description = "Address of the vault, with a slash at its end. It is known when the network reaches it."
  value       = azurerm_key_vault.this.vault_uri

  depends_on = [azurerm_private_endpoint.this]
}
