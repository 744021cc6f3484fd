# The workbook is a file that scripts/generate.ts writes. What it shows from Data Explorer is left out where there is none.
locals {
  workbook = jsondecode(replace(file("${path.module}/workbook.json"), "CLUSTER", var.cluster == null ? "none" : var.cluster.name))
}

resource "azurerm_application_insights_workbook" "this" {
  name                = uuidv5("url", "gatehouse:workbook:${var.insights_name}")
  display_name        = "Gatehouse"
  resource_group_name = var.resource_group_name
  location            = var.location
  source_id           = lower(azurerm_log_analytics_workspace.this.id)
  tags                = var.tags

  data_json = jsonencode(merge(local.workbook, {
    items = [for item in local.workbook.items : item if var.cluster != null || !startswith(item.name, "data-explorer")]
  }))
}
