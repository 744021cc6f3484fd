locals {
  private = var.private_link != null
}

# Entra alone writes and reads: keys of the workspace and of Application Insights are off.
resource "azurerm_log_analytics_workspace" "this" {
  name                         = var.workspace_name
  resource_group_name          = var.resource_group_name
  location                     = var.location
  sku                          = "PerGB2018"
  retention_in_days            = var.retention_days
  daily_quota_gb               = var.daily_gigabytes
  local_authentication_enabled = false
  internet_ingestion_enabled   = !local.private
  internet_query_enabled       = try(var.private_link.query_from_internet_enabled, true)
  tags                         = var.tags
}

resource "azurerm_application_insights" "this" {
  name                          = var.insights_name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  workspace_id                  = azurerm_log_analytics_workspace.this.id
  application_type              = "web"
  retention_in_days             = var.retention_days
  sampling_percentage           = 100
  local_authentication_disabled = true
  internet_ingestion_enabled    = !local.private
  internet_query_enabled        = try(var.private_link.query_from_internet_enabled, true)
  tags                          = var.tags
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = var.monitored

  name                       = "gatehouse"
  target_resource_id         = each.value.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  dynamic "enabled_log" {
    for_each = each.value.logs_enabled && each.value.log_categories == null ? ["allLogs"] : []

    content {
      category_group = enabled_log.value
    }
  }

  dynamic "enabled_log" {
    for_each = each.value.logs_enabled ? coalesce(each.value.log_categories, []) : []

    content {
      category = enabled_log.value
    }
  }

  dynamic "enabled_metric" {
    for_each = each.value.metrics_enabled ? ["AllMetrics"] : []

    content {
      category = enabled_metric.value
    }
  }
}
