output "hub_id" {
  description = "The hub, for the gateway's role on it."
  value       = azurerm_eventhub.records.id
}

output "feed" {
  description = "Host of the namespace and name of the hub, for the gateway's feed. They are known when Data Explorer reads the hub."
  value = {
    namespace = "${azurerm_eventhub_namespace.this.name}.servicebus.windows.net"
    hub       = azurerm_eventhub.records.name
  }

  depends_on = [
    azurerm_kusto_eventhub_data_connection.records,
    azurerm_private_endpoint.event_hubs,
  ]
}

output "query_uri" {
  description = "Address of the cluster, for queries from the virtual network."
  value       = azurerm_kusto_cluster.this.uri
}

output "namespace_id" {
  description = "The Event Hubs namespace, for its diagnostic settings."
  value       = azurerm_eventhub_namespace.this.id
}

output "cluster_id" {
  description = "The cluster, for its diagnostic settings and alerts."
  value       = azurerm_kusto_cluster.this.id
}

output "cluster_name" {
  description = "Name of the cluster with its region, as workbooks call it."
  value       = "${azurerm_kusto_cluster.this.name}.${var.location}"
}
