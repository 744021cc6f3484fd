output "resource_group" {
  description = "Resource group."
  value       = "rg-${local.base}"
}

output "virtual_network" {
  description = "Virtual network."
  value       = "vnet-${local.base}"
}

output "identity" {
  description = "Identity of the gateway."
  value       = "id-${local.base}"
}

output "container_environment" {
  description = "Container Apps environment."
  value       = "cae-${local.base}"
}

output "container_app" {
  description = "Container app of the gateway, at most 32 characters: the first part of its host name."
  value       = "ca-${local.base}"
}

output "journal" {
  description = "* Storage account of the journal: lower-case letters and digits alone, at most 24."
  value       = "st${var.project}${var.environment}${var.suffix}"
}

output "registry" {
  description = "* Container registry: letters and digits alone."
  value       = "cr${var.project}${var.environment}${var.suffix}"
}

output "vault" {
  description = "* Key Vault, at most 24 characters."
  value       = "kv${var.project}${var.environment}${var.suffix}"
}

output "redis" {
  description = "* Azure Managed Redis."
  value       = "redis-${local.unique}"
}

output "accounts" {
  description = "* Azure OpenAI accounts and their subdomains, by instance."
  value       = { for name in var.instances : name => "${local.unique}-${name}" }
}

output "event_hubs" {
  description = "* Event Hubs namespace. It never ends with -sb or -mgmt, which Azure refuses."
  value       = "${local.unique}-events"
}

output "data_explorer" {
  description = "* Data Explorer cluster: letters and digits alone, at most 22."
  value       = "${var.project}${var.environment}${var.suffix}"
}

output "registration" {
  description = "Registration in Entra; those of clients begin with it."
  value       = local.base
}

output "workspace" {
  description = "Log Analytics workspace."
  value       = "log-${local.base}"
}

output "insights" {
  description = "Application Insights."
  value       = "appi-${local.base}"
}

output "private_link_scope" {
  description = "Private link scope of Azure Monitor."
  value       = "ampls-${local.base}"
}

output "action_group" {
  description = "Action group; names of alerts begin with that of the project and the stage."
  value       = "ag-${local.base}"
}

output "alert_prefix" {
  description = "What names of alerts begin with."
  value       = local.base
}

output "edge" {
  description = "Application gateway."
  value       = "agw-${local.base}"
}

output "edge_identity" {
  description = "Identity of the application gateway."
  value       = "id-${local.base}-edge"
}

output "firewall" {
  description = "Policy of the web application firewall: letters and digits alone."
  value       = "waf${var.project}${var.environment}"
}

output "cluster" {
  description = "AKS cluster, at most 54 characters: the first part of its API server's name."
  value       = "aks-${local.base}"
}

output "cluster_identity" {
  description = "Identity with which the cluster changes the network."
  value       = "id-${local.base}-cluster"
}

output "kubelet_identity" {
  description = "Identity with which nodes pull images."
  value       = "id-${local.base}-kubelet"
}

output "nat_gateway" {
  description = "NAT gateway of the nodes."
  value       = "ng-${local.base}"
}

output "dns_zone" {
  description = "Private DNS zone of the gateway's name on AKS."
  value       = "${local.base}.internal"
}
