# Where telemetry, logs and alerts are, and what of it a private link scope needs.
locals {
  monitor_zones = {
    monitor  = "privatelink.monitor.azure.com"
    oms      = "privatelink.oms.opinsights.azure.com"
    ods      = "privatelink.ods.opinsights.azure.com"
    agentsvc = "privatelink.agentsvc.azure-automation.net"
    blob     = "privatelink.blob.core.windows.net"
  }

  monitor_privately = try(var.observability.private_link_enabled, false)

  # What has diagnostic settings. Rules of security groups have logs alone.
  monitored = merge(
    { for name, instance in module.openai : "openai-${name}" => { id = instance.id, logs_enabled = true, metrics_enabled = true } },
    { for name, id in module.network.security_group_ids : "nsg-${name}" => { id = id, logs_enabled = true, metrics_enabled = false } },
    { for ledger in module.ledger : "events" => { id = ledger.namespace_id, logs_enabled = true, metrics_enabled = true } },
    { for ledger in module.ledger : "data-explorer" => { id = ledger.cluster_id, logs_enabled = true, metrics_enabled = true } },
    local.platform_monitored,
    var.edge == null ? {} : { "edge" = { id = module.edge[0].id, logs_enabled = true, metrics_enabled = true } },
  )
}

module "observability" {
  source = "./modules/observability"
  count  = var.observability == null ? 0 : 1

  workspace_name      = module.names.workspace
  insights_name       = module.names.insights
  action_group_name   = module.names.action_group
  alert_prefix        = module.names.alert_prefix
  resource_group_name = azurerm_resource_group.this.name
  resource_group_id   = azurerm_resource_group.this.id
  location            = var.location
  retention_days      = var.observability.retention_days
  daily_gigabytes     = var.observability.daily_gigabytes
  monitored           = local.monitored
  emails              = var.observability.emails
  webhooks            = var.observability.webhooks
  thresholds          = var.observability.thresholds
  budget              = var.observability.budget
  event_hubs_enabled  = var.ledger != null
  vault_enabled       = var.vault != null
  tags                = local.tags

  # The one output of each alone: they wait for the workspace.
  application_gateway = var.edge == null ? null : { id = module.edge[0].id }
  kubernetes          = var.aks == null ? null : { id = module.aks[0].id }

  cluster = one([for ledger in module.ledger : { id = ledger.cluster_id, name = ledger.cluster_name }])

  private_link = !local.monitor_privately ? null : {
    name                        = module.names.private_link_scope
    subnet_id                   = module.network.endpoints_subnet_id
    zone_ids                    = [for zone in keys(local.monitor_zones) : module.network.zone_ids[zone]]
    query_from_internet_enabled = var.observability.query_from_internet_enabled
  }
}
