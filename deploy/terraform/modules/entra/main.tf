# What callers' tokens are for: an audience of its own, tokens of version 2, whose audience is the client id.
locals {
  # The first tenant has the registration; callers of others need it in theirs.
  sign_in_audience = var.multi_tenant_enabled ? "AzureADMultipleOrgs" : "AzureADMyOrg"

  workload_roles = { for workload in var.workloads : workload => "${workload}.Use" }
  admin_roles    = { for role in keys(local.admin_titles) : role => "Gatehouse.${title(role)}" }
  admin_titles = {
    viewer   = "May see figures of all calls through the management API."
    auditor  = "May see figures and bodies of all calls through the management API."
    operator = "May see figures and act: probe instances, pause and rewind feeds."
  }

  roles = merge(
    { for workload, value in local.workload_roles : value => "May use the workload ${workload} of the gateway." },
    { for role, value in local.admin_roles : value => local.admin_titles[role] },
  )

  assignments = merge(
    { for each in flatten([for workload, members in var.workload_members : [for name, id in members : { role = local.workload_roles[workload], name = name, id = id }]]) : "${each.role}/${each.name}" => each },
    { for each in flatten([for role, members in var.admin_members : [for name, id in members : { role = local.admin_roles[role], name = name, id = id }]]) : "${each.role}/${each.name}" => each },
  )
}

resource "azuread_application_registration" "api" {
  display_name                   = var.name
  description                    = "Gatehouse, the gateway to Azure OpenAI: what callers' tokens are for."
  sign_in_audience               = local.sign_in_audience
  requested_access_token_version = 2
  group_membership_claims        = [var.group_claims]
}

resource "azuread_application_identifier_uri" "api" {
  application_id = azuread_application_registration.api.id
  identifier_uri = var.identifier_uri == null ? "api://${azuread_application_registration.api.client_id}" : var.identifier_uri
}

# Ids are made from names, so that a role that was taken away and comes back is the same one.
resource "azuread_application_permission_scope" "user" {
  application_id             = azuread_application_registration.api.id
  scope_id                   = uuidv5("url", "gatehouse:scope:user_impersonation")
  value                      = "user_impersonation"
  type                       = "User"
  admin_consent_display_name = "Call models through the gateway"
  admin_consent_description  = "Lets a client call models through the gateway as the person who signed in."
  user_consent_display_name  = "Call models through the gateway"
  user_consent_description   = "Lets a client call models through the gateway as you."
}

resource "azuread_application_app_role" "this" {
  for_each = local.roles

  application_id       = azuread_application_registration.api.id
  role_id              = uuidv5("url", "gatehouse:role:${each.key}")
  value                = each.key
  display_name         = each.key
  description          = each.value
  allowed_member_types = ["User", "Application"]
}

# Without a role there is no token: the gateway refuses it too, but Entra does so first.
resource "azuread_service_principal" "api" {
  client_id                    = azuread_application_registration.api.client_id
  app_role_assignment_required = true

  depends_on = [azuread_application_app_role.this, azuread_application_permission_scope.user]
}

resource "azuread_app_role_assignment" "this" {
  for_each = local.assignments

  app_role_id         = azuread_application_app_role.this[each.value.role].role_id
  principal_object_id = each.value.id
  resource_object_id  = azuread_service_principal.api.object_id
}
