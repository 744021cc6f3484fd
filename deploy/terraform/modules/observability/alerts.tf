# Queries are files of their own, so that tests read them as they are.
locals {
  alerts = merge(
    {
      errors = {
        severity  = 1
        title     = "Calls of a workload fail"
        measure   = "FailedPercent"
        dimension = "Workload"
        threshold = var.thresholds.failed_percent
        window    = "PT15M"
        every     = "PT5M"
      }
      breaker = {
        severity  = 2
        title     = "An instance is out of use: its tries fail"
        measure   = "FailedPercent"
        dimension = "Instance"
        threshold = var.thresholds.instance_failed_percent
        window    = "PT15M"
        every     = "PT5M"
      }
      unavailable = {
        severity  = 1
        title     = "The gateway refuses calls for a reason of its own"
        measure   = "Calls"
        dimension = "Code"
        threshold = 0
        window    = "PT15M"
        every     = "PT5M"
      }
      budget = {
        severity  = 2
        title     = "A workload has used up its budget"
        measure   = "Calls"
        dimension = "Workload"
        threshold = 0
        window    = "PT1H"
        every     = "PT1H"
      }
      feed-lag = {
        severity  = 2
        title     = "Records arrive late"
        measure   = "LagSeconds"
        dimension = "Replica"
        threshold = var.thresholds.feed_lag_seconds
        window    = "PT30M"
        every     = "PT15M"
      }
    },
    var.event_hubs_enabled ? {
      feed-silent = {
        severity  = 1
        title     = "Calls are served and no record reaches Event Hubs"
        measure   = null
        dimension = null
        threshold = 0
        window    = "PT30M"
        every     = "PT15M"
      }
    } : {},
    var.vault_enabled ? {
      certificate = {
        severity  = 2
        title     = "A certificate or secret ends soon, or has ended"
        measure   = "Entries"
        dimension = "OperationName"
        threshold = 0
        window    = "P1D"
        every     = "P1D"
      }
    } : {},
  )
}

resource "azurerm_monitor_action_group" "this" {
  name                = var.action_group_name
  resource_group_name = var.resource_group_name
  short_name          = "gatehouse"
  tags                = var.tags

  dynamic "email_receiver" {
    for_each = var.emails

    content {
      name                    = email_receiver.key
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }

  dynamic "webhook_receiver" {
    for_each = var.webhooks

    content {
      name                    = webhook_receiver.key
      service_uri             = webhook_receiver.value
      use_common_alert_schema = true
    }
  }
}

# Tables come with the first row, so a query may name one that is not there yet: hence no check of it when it is made.
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "this" {
  for_each = local.alerts

  name                    = "${var.alert_prefix}-${each.key}"
  display_name            = "Gatehouse: ${each.value.title}"
  description             = each.value.title
  resource_group_name     = var.resource_group_name
  location                = var.location
  scopes                  = [azurerm_log_analytics_workspace.this.id]
  severity                = each.value.severity
  evaluation_frequency    = each.value.every
  window_duration         = each.value.window
  auto_mitigation_enabled = each.value.every != "P1D"
  skip_query_validation   = true
  tags                    = var.tags

  criteria {
    query                   = file("${path.module}/queries/${each.key}.kql")
    operator                = "GreaterThan"
    threshold               = each.value.threshold
    time_aggregation_method = each.value.measure == null ? "Count" : "Maximum"
    metric_measure_column   = each.value.measure

    dynamic "dimension" {
      for_each = each.value.dimension == null ? [] : [each.value.dimension]

      content {
        name     = dimension.value
        operator = "Include"
        values   = ["*"]
      }
    }

    failing_periods {
      minimum_failing_periods_to_trigger_alert = 1
      number_of_evaluation_periods             = 1
    }
  }

  action {
    action_groups = [azurerm_monitor_action_group.this.id]
  }
}

# Measures of Azure's own, which need no query. Each is an average over its window.
locals {
  metric_alerts = merge(
    { for cluster in var.cluster[*] : "ingestion" => {
      scope     = cluster.id
      title     = "Data Explorer takes records late"
      severity  = 2
      namespace = "Microsoft.Kusto/clusters"
      metric    = "IngestionLatencyInSeconds"
      threshold = var.thresholds.feed_lag_seconds
      window    = "PT30M"
    } },
    { for edge in var.application_gateway[*] : "edge-unhealthy" => {
      scope     = edge.id
      title     = "The edge finds that the gateway is not ready"
      severity  = 1
      namespace = "Microsoft.Network/applicationGateways"
      metric    = "UnhealthyHostCount"
      threshold = 0
      window    = "PT5M"
    } },
    { for cluster in var.kubernetes[*] : "unschedulable" => {
      scope     = cluster.id
      title     = "A replica, or something else in the cluster, finds no node"
      severity  = 2
      namespace = "Microsoft.ContainerService/managedClusters"
      metric    = "cluster_autoscaler_unschedulable_pods_count"
      threshold = 0
      window    = "PT15M"
    } },
  )
}

resource "azurerm_monitor_metric_alert" "this" {
  for_each = local.metric_alerts

  name                = "${var.alert_prefix}-${each.key}"
  description         = each.value.title
  resource_group_name = var.resource_group_name
  scopes              = [each.value.scope]
  severity            = each.value.severity
  frequency           = "PT5M"
  window_size         = each.value.window
  tags                = var.tags

  criteria {
    metric_namespace = each.value.namespace
    metric_name      = each.value.metric
    aggregation      = "Average"
    operator         = "GreaterThan"
    threshold        = each.value.threshold
  }

  action {
    action_group_id = azurerm_monitor_action_group.this.id
  }
}

# What Azure charges for all of it, in the currency of the subscription.
resource "azurerm_consumption_budget_resource_group" "this" {
  count = var.budget == null ? 0 : 1

  name              = "${var.alert_prefix}-cost"
  resource_group_id = var.resource_group_id
  amount            = var.budget.amount
  time_grain        = "Monthly"

  time_period {
    start_date = "${var.budget.from}-01T00:00:00Z"
  }

  dynamic "notification" {
    for_each = { Actual = 80, Forecasted = 100 }

    content {
      operator       = "GreaterThan"
      threshold      = notification.value
      threshold_type = notification.key
      contact_groups = [azurerm_monitor_action_group.this.id]
    }
  }
}
