# Clients that sign people in. None has a secret: they are programs on people's machines, and pages.
locals {
  azure_cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

  authorized = merge(
    { cli = azuread_application_registration.cli.client_id },
    { for console in azuread_application_registration.console : "console" => console.client_id },
    var.azure_cli_enabled ? { azure-cli = local.azure_cli } : {},
  )
}

resource "azuread_application_registration" "cli" {
  display_name     = "${var.name}-cli"
  description      = "Signs people in for the command line of Gatehouse."
  sign_in_audience = local.sign_in_audience
}

resource "azuread_application_redirect_uris" "cli" {
  application_id = azuread_application_registration.cli.id
  type           = "PublicClient"
  redirect_uris  = ["http://localhost"]
}

resource "azuread_application_fallback_public_client" "cli" {
  application_id = azuread_application_registration.cli.id
  enabled        = true
}

resource "azuread_application_api_access" "cli" {
  application_id = azuread_application_registration.cli.id
  api_client_id  = azuread_application_registration.api.client_id
  scope_ids      = [azuread_application_permission_scope.user.scope_id]
}

resource "azuread_service_principal" "cli" {
  client_id = azuread_application_registration.cli.client_id
}

resource "azuread_application_registration" "console" {
  count = length(var.console_urls) > 0 ? 1 : 0

  display_name     = "${var.name}-console"
  description      = "Signs people in for the console of Gatehouse."
  sign_in_audience = local.sign_in_audience
}

# A page gets its tokens with a code and a proof (PKCE), never in an address.
resource "azuread_application_redirect_uris" "console" {
  count = length(var.console_urls) > 0 ? 1 : 0

  application_id = azuread_application_registration.console[0].id
  type           = "SPA"
  redirect_uris  = var.console_urls
}

resource "azuread_application_api_access" "console" {
  count = length(var.console_urls) > 0 ? 1 : 0

  application_id = azuread_application_registration.console[0].id
  api_client_id  = azuread_application_registration.api.client_id
  scope_ids      = [azuread_application_permission_scope.user.scope_id]
}

resource "azuread_service_principal" "console" {
  count = length(var.console_urls) > 0 ? 1 : 0

  client_id = azuread_application_registration.console[0].client_id
}

# Nobody is asked for consent: the administrator who applies this has given it.
resource "azuread_application_pre_authorized" "this" {
  for_each = local.authorized

  application_id       = azuread_application_registration.api.id
  authorized_client_id = each.value
  permission_ids       = [azuread_application_permission_scope.user.scope_id]
}
