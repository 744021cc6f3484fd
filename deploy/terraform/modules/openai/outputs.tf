output "id" {
  description = "The account, for role assignments."
  value       = azurerm_cognitive_account.this.id
}

output "endpoint" {
  description = "Address of the account, which its private DNS zone leads to the endpoint."
  value       = "https://${azurerm_cognitive_account.this.custom_subdomain_name}.openai.azure.com"
}
