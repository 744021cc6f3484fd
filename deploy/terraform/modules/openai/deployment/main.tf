resource "azurerm_cognitive_deployment" "this" {
  name                   = var.name
  cognitive_account_id   = var.account_id
  rai_policy_name        = var.deployment.content_filter
  version_upgrade_option = "NoAutoUpgrade"

  model {
    format  = "OpenAI"
    name    = var.deployment.model
    version = var.deployment.version
  }

  sku {
    name     = var.deployment.sku
    capacity = var.deployment.capacity
  }
}
