# Telemetry goes through the network, and nowhere else: what is not in the scope is not reached from the network either.
resource "azurerm_monitor_private_link_scope" "this" {
  count = local.private ? 1 : 0

  name                  = var.private_link.name
  resource_group_name   = var.resource_group_name
  ingestion_access_mode = "PrivateOnly"
  query_access_mode     = var.private_link.query_from_internet_enabled ? "Open" : "PrivateOnly"
  tags                  = var.tags
}

resource "azurerm_monitor_private_link_scoped_service" "this" {
  for_each = local.private ? {
    workspace = azurerm_log_analytics_workspace.this.id
    insights  = azurerm_application_insights.this.id
  } : {}

  name                = each.key
  resource_group_name = var.resource_group_name
  scope_name          = azurerm_monitor_private_link_scope.this[0].name
  linked_resource_id  = each.value
}

resource "azurerm_private_endpoint" "this" {
  count = local.private ? 1 : 0

  name                = "pe-${var.private_link.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.private_link.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.private_link.name
    private_connection_resource_id = azurerm_monitor_private_link_scope.this[0].id
    subresource_names              = ["azuremonitor"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = var.private_link.zone_ids
  }

  # The endpoint has addresses of what is in the scope when it is made.
  depends_on = [azurerm_monitor_private_link_scoped_service.this]
}
