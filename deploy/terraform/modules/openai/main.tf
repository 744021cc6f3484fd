resource "azurerm_cognitive_account" "this" {
  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  kind                          = var.kind
  sku_name                      = "S0"
  custom_subdomain_name         = var.name
  local_auth_enabled            = false
  public_network_access_enabled = false
  tags                          = var.tags

  network_acls {
    default_action = "Deny"
  }
}

resource "azurerm_private_endpoint" "this" {
  name                = "pe-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.endpoint_location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.name
    private_connection_resource_id = azurerm_cognitive_account.this.id
    subresource_names              = ["account"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = var.zone_ids
  }
}

# The lock of deployments is that of policies too, and those that use a policy need it first.
resource "azurerm_cognitive_account_rai_policy" "this" {
  for_each   = var.content_filters
  depends_on = [azurerm_private_endpoint.this]

  name                 = each.key
  cognitive_account_id = azurerm_cognitive_account.this.id
  base_policy_name     = each.value.base
  mode                 = each.value.mode
  tags                 = var.tags

  # Provider and service keep the order, so it must not change by itself: by category, the prompt first.
  dynamic "content_filter" {
    for_each = flatten([for category in sort(keys(each.value.severities)) : [
      for source in ["Prompt", "Completion"] : { category = category, source = source, severity = each.value.severities[category] }
    ]])

    content {
      name               = content_filter.value.category
      source             = content_filter.value.source
      severity_threshold = content_filter.value.severity
      filter_enabled     = true
      block_enabled      = true
    }
  }
}

# An account takes one change at a time and answers others with 409. azurerm locks the account while it changes a
# deployment, so deployments are made one after another. The endpoint does not take that lock: it comes first.
resource "azurerm_cognitive_deployment" "this" {
  for_each   = var.deployments
  depends_on = [azurerm_private_endpoint.this, azurerm_cognitive_account_rai_policy.this]

  name                   = each.key
  cognitive_account_id   = azurerm_cognitive_account.this.id
  rai_policy_name        = each.value.content_filter
  version_upgrade_option = "NoAutoUpgrade"

  model {
    format  = "OpenAI"
    name    = each.value.model
    version = each.value.version
  }

  sku {
    name     = each.value.sku
    capacity = each.value.capacity
  }
}

# azurerm has no argument for it. The lock is azapi's own, so all of azurerm's deployments come first.
resource "azapi_update_resource" "spill_over" {
  for_each   = { for name, deployment in var.deployments : name => deployment.spill_over_to if deployment.spill_over_to != null }
  depends_on = [azurerm_cognitive_deployment.this]

  type        = "Microsoft.CognitiveServices/accounts/deployments@2025-10-01-preview"
  resource_id = azurerm_cognitive_deployment.this[each.key].id
  locks       = [azurerm_cognitive_account.this.id]
  body        = { properties = { spilloverDeploymentName = each.value } }
}
