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
    local.platform_zones,
    var.ledger == null ? {} : {
      events = "privatelink.servicebus.windows.net"
      kusto  = "privatelink.${var.location}.kusto.windows.net"
    },
    local.monitor_privately ? local.monitor_zones : {},
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
  existing            = var.existing_network
  existing_zone_ids   = var.existing_zone_ids
  hub                 = var.hub
  edge                = var.edge == null ? null : { public_enabled = var.edge.public_enabled }
  nodes               = var.aks == null ? null : { pod_range = var.aks.pod_range }
  behind_edge         = local.edge_connects
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
  content_filters     = each.value.content_filters
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

  roles = merge(
    { for name, instance in module.openai : "openai-${name}" => {
      role  = "Cognitive Services OpenAI User"
      scope = instance.id
    } },
    { for ledger in module.ledger : "hub" => {
      role  = "Azure Event Hubs Data Sender"
      scope = ledger.hub_id
    } },
    # The one output alone: diagnostic settings wait for what waits for these roles.
    var.observability == null ? {} : { telemetry = {
      role  = "Monitoring Metrics Publisher"
      scope = module.observability[0].insights_id
    } },
    local.platform_roles,
  )
}

module "ledger" {
  source = "./modules/ledger"
  count  = var.ledger == null ? 0 : 1

  event_hubs_name     = module.names.event_hubs
  cluster_name        = module.names.data_explorer
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  subnet_id           = module.network.endpoints_subnet_id
  event_hubs_zone_id  = module.network.zone_ids["events"]
  cluster_zone_id     = module.network.zone_ids["kusto"]
  capacity            = var.ledger.capacity
  partitions          = var.ledger.partitions
  retention_days      = var.ledger.retention_days
  cluster_sku         = var.ledger.cluster_sku
  kusto_directory     = "${path.module}/../kusto"
  tags                = local.tags
}
