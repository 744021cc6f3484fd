output "client_id" {
  description = "Client id of the registration: the audience of tokens of version 2."
  value       = azuread_application_registration.api.client_id

  # A token can be had when everything below is there.
  depends_on = [azuread_service_principal.api, azuread_application_pre_authorized.this]
}

output "scope" {
  description = "What clients ask for."
  value       = "${azuread_application_identifier_uri.api.identifier_uri}/.default"
}

output "cli_client_id" {
  description = "Client that signs people in for the command line."
  value       = azuread_application_registration.cli.client_id
}

output "console_client_id" {
  description = "Client that signs people in for the console; null where there is none."
  value       = one(azuread_application_registration.console[*].client_id)
}

output "pipeline_client_ids" {
  description = "Clients of pipelines, by name."
  value       = { for name, pipeline in azuread_application_registration.pipeline : name => pipeline.client_id }
}

output "workload_roles" {
  description = "App roles by workload, for the rules of its callers."
  value       = local.workload_roles
}

output "admin_roles" {
  description = "App roles by role of the management API."
  value       = local.admin_roles
}
