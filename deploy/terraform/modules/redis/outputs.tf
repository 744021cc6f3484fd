output "id" {
  description = "The Redis, for diagnostic settings."
  value       = azurerm_managed_redis.this.id
}

output "url" {
  description = "Address for the gateway's setting `redis.url`. It is known when the network reaches it and the identity may sign in."
  value       = "rediss://${azurerm_managed_redis.this.hostname}:10000"

  depends_on = [
    azurerm_private_endpoint.this,
    azurerm_managed_redis_access_policy_assignment.gateway,
  ]
}
