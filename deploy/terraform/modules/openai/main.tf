locals {
  # Deployments by step: { 1 = { gpt-4o = {...} }, 2 = {}, ... }
  steps = { for step in range(1, 7) : step => {
    for name, deployment in var.deployments : name => deployment if deployment.step == step
  } }
}

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

# An account takes one change at a time and answers others with 409. So the endpoint comes first, then one deployment
# after another. Terraform cannot order the members of a for_each: each step is a block of its own.
module "step_1" {
  source     = "./deployment"
  for_each   = local.steps[1]
  depends_on = [azurerm_private_endpoint.this]

  account_id = azurerm_cognitive_account.this.id
  name       = each.key
  deployment = each.value
}

module "step_2" {
  source     = "./deployment"
  for_each   = local.steps[2]
  depends_on = [module.step_1]

  account_id = azurerm_cognitive_account.this.id
  name       = each.key
  deployment = each.value
}

module "step_3" {
  source     = "./deployment"
  for_each   = local.steps[3]
  depends_on = [module.step_2]

  account_id = azurerm_cognitive_account.this.id
  name       = each.key
  deployment = each.value
}

module "step_4" {
  source     = "./deployment"
  for_each   = local.steps[4]
  depends_on = [module.step_3]

  account_id = azurerm_cognitive_account.this.id
  name       = each.key
  deployment = each.value
}

module "step_5" {
  source     = "./deployment"
  for_each   = local.steps[5]
  depends_on = [module.step_4]

  account_id = azurerm_cognitive_account.this.id
  name       = each.key
  deployment = each.value
}

module "step_6" {
  source     = "./deployment"
  for_each   = local.steps[6]
  depends_on = [module.step_5]

  account_id = azurerm_cognitive_account.this.id
  name       = each.key
  deployment = each.value
}
