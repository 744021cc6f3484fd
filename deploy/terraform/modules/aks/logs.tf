# Logs of the gateway's pods, by Azure Monitor's agent and the cluster's identity: keys of the workspace are off.
resource "azurerm_monitor_data_collection_rule" "pods" {
  for_each = { for workspace in var.workspace[*] : "pods" => workspace }

  name                = "MSCI-${var.location}-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  destinations {
    log_analytics {
      name                  = "workspace"
      workspace_resource_id = each.value.id
    }
  }

  data_flow {
    streams      = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]
    destinations = ["workspace"]
  }

  data_sources {
    extension {
      name           = "ContainerInsightsExtension"
      extension_name = "ContainerInsights"
      streams        = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]

      extension_json = jsonencode({ dataCollectionSettings = {
        interval               = "1m"
        namespaceFilteringMode = "Include"
        namespaces             = [var.namespace]
        enableContainerLogV2   = true
      } })
    }
  }
}

resource "azurerm_monitor_data_collection_rule_association" "pods" {
  for_each = azurerm_monitor_data_collection_rule.pods

  name                    = "ContainerInsightsExtension"
  target_resource_id      = azurerm_kubernetes_cluster.this.id
  data_collection_rule_id = each.value.id
}
