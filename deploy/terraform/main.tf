locals {
  tags = merge(var.tags, {
    Company     = var.company
    Environment = var.environment
    Project     = var.project
    ManagedBy   = "terraform"
  })

  zones = merge(
    { openai = "privatelink.openai.azure.com" },
    contains([for instance in values(var.instances) : instance.kind], "AIServices") ? {
      cognitive = "privatelink.cognitiveservices.azure.com"
      foundry   = "privatelink.services.ai.azure.com"
    } : {},
  )

  zones_by_kind = {
    OpenAI     = ["openai"]
    AIServices = ["openai", "cognitive", "foundry"]
  }
}

module "names" {
  source = "./modules/names"

  project     = var.project
  environment = var.environment
  suffix      = var.suffix
  instances   = keys(var.instances)
}

resource "azurerm_resource_group" "this" {
  name     = module.names.resource_group
  location = var.location
  tags     = local.tags
}

module "network" {
  source = "./modules/network"

  name                = module.names.virtual_network
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  address_space       = var.address_space
  callers             = var.callers
  zones               = local.zones
  tags                = local.tags
}

module "openai" {
  source   = "./modules/openai"
  for_each = var.instances

  name                = module.names.accounts[each.key]
  resource_group_name = azurerm_resource_group.this.name
  location            = each.value.location
  kind                = each.value.kind
  deployments         = each.value.deployments
  endpoint_location   = var.location
  subnet_id           = module.network.endpoints_subnet_id
  zone_ids            = [for zone in local.zones_by_kind[each.value.kind] : module.network.zone_ids[zone]]
  tags                = local.tags
}

module "identity" {
  source = "./modules/identity"

  name                = module.names.identity
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags

  roles = { for name, instance in module.openai : "openai-${name}" => {
    role  = "Cognitive Services OpenAI User"
    scope = instance.id
  } }
}
