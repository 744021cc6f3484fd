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
