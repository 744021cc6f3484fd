output "id" {
  description = "The cluster, for diagnostic settings and alerts."
  value       = azurerm_kubernetes_cluster.this.id
}

output "name" {
  description = "Name of the cluster, for az aks command invoke. It is known when there are nodes for the gateway, which may sign in."
  value       = azurerm_kubernetes_cluster.this.name

  depends_on = [
    azurerm_kubernetes_cluster_node_pool.gateway,
    azurerm_federated_identity_credential.gateway,
    azurerm_private_dns_a_record.gateway,
  ]
}

output "fqdn" {
  description = "Host name of the gateway inside the virtual network. It is known when the network resolves it."
  value       = "${azurerm_private_dns_a_record.gateway.name}.${azurerm_private_dns_zone.gateway.name}"

  depends_on = [azurerm_private_dns_zone_virtual_network_link.gateway]
}
