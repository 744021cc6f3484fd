# Pipelines call the gateway as applications of their own. They bring a token of their own service, so there is no secret.
locals {
  pipeline_roles = { for each in flatten([for pipeline, settings in var.pipelines : [
    for workload in settings.workloads : { pipeline = pipeline, role = local.workload_roles[workload] }
  ]]) : "${each.pipeline}/${each.role}" => each }
}

resource "azuread_application_registration" "pipeline" {
  for_each = var.pipelines

  display_name     = "${var.name}-${each.key}"
  description      = "Calls Gatehouse from the pipeline ${each.key}."
  sign_in_audience = "AzureADMyOrg"
}

resource "azuread_application_federated_identity_credential" "pipeline" {
  for_each = var.pipelines

  application_id = azuread_application_registration.pipeline[each.key].id
  display_name   = each.key
  description    = "Tokens of ${each.value.subject}"
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = each.value.issuer
  subject        = each.value.subject
}

resource "azuread_service_principal" "pipeline" {
  for_each = var.pipelines

  client_id = azuread_application_registration.pipeline[each.key].client_id
}

resource "azuread_app_role_assignment" "pipeline" {
  for_each = local.pipeline_roles

  app_role_id         = azuread_application_app_role.this[each.value.role].role_id
  principal_object_id = azuread_service_principal.pipeline[each.value.pipeline].object_id
  resource_object_id  = azuread_service_principal.api.object_id
}
