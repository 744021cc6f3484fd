output "resource_group" {
  description = "Resource group of everything."
  value       = azurerm_resource_group.this.name
}

output "virtual_network_id" {
  description = "The virtual network, to peer it with those of callers."
  value       = module.network.virtual_network_id
}

output "endpoints" {
  description = "Addresses of the instances, by name: `instances.NAME.endpoint` of the gateway's configuration. They can be reached only inside the virtual network."
  value       = { for name, instance in module.openai : name => instance.endpoint }
}

output "identity_client_id" {
  description = "Client id of the gateway's identity: `credential: { managedIdentity: ... }` of the gateway's configuration."
  value       = module.identity.client_id
}

output "gateway_yaml" {
  description = "The gateway's configuration: terraform output -raw gateway_yaml > gatehouse.yaml. It has no secret."
  value       = yamlencode(local.configuration)
}

output "url" {
  description = "Address of the gateway inside the virtual network; null if the gateway does not run here. On AKS it has no TLS, and with an edge only the edge can reach it."
  value       = one(concat(module.gateway[*].url, [for cluster in module.aks : "http://${cluster.fqdn}:8080"]))
}

output "registry" {
  description = "Host of the container registry that was made; az acr import copies the image into it. Null without one."
  value       = one(module.registry[*].login_server)
}

output "vault_uri" {
  description = "Address of the Key Vault, for secrets of the configuration; null without one."
  value       = one(module.vault[*].uri)
}

output "data_explorer" {
  description = "Address of the Data Explorer cluster, for queries from the virtual network; null without a ledger."
  value       = one(module.ledger[*].query_uri)
}

output "scope" {
  description = "What clients ask tokens for: az account get-access-token --scope SCOPE. Null without `entra`."
  value       = one(module.entra[*].scope)
}

output "pipeline_client_ids" {
  description = "Client ids of pipelines, by name."
  value       = merge({}, module.entra[*].pipeline_client_ids...)
}

output "edge_url" {
  description = "Address for callers if there is an `edge`; its name must lead to `edge_address`. Null otherwise."
  value       = one(module.edge[*].url)
}

output "edge_address" {
  description = "Address that the name of `edge` must lead to in callers' DNS; null without it."
  value       = one(module.edge[*].address)
}

output "chart_values" {
  description = "Values of the chart deploy/helm/gatehouse on AKS: terraform output -raw chart_values > values.yaml. They have no secret. Null without a cluster."
  value       = one([for values in local.chart_values : yamlencode(values)])
}

output "chart_install" {
  description = "On AKS, the command that installs or upgrades the chart. Run it in a directory that has the chart as `gatehouse` and the values as `values.yaml`. Null without a cluster."
  value       = one(local.chart_install)
}
