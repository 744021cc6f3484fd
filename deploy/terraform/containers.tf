# Where the gateway runs, and what it needs there: image, secrets, shared limits.
locals {
  in_apps = var.platform == "aks" ? [] : var.gateway[*]
  in_aks  = var.platform == "aks" ? var.gateway[*] : []

  ingress      = var.platform == "aks" ? "none" : coalesce(try(var.gateway.ingress, null), "premium")
  journal_kind = var.gateway == null ? "none" : var.platform == "aks" ? "disk" : coalesce(var.gateway.journal, "nfs")

  platform_zones = merge(
    var.registry == null || try(var.registry.existing_id, null) != null ? {} : { registry = "privatelink.azurecr.io" },
    var.redis == null ? {} : { redis = "privatelink.redis.azure.net" },
    var.vault == null ? {} : { vault = "privatelink.vaultcore.azure.net" },
    local.journal_kind == "nfs" ? { file = "privatelink.file.core.windows.net" } : {},
    var.aks == null ? {} : { aks = "privatelink.${var.location}.azmk8s.io" },
  )

  registry_ids = { for registry in var.registry[*] : "registry" => coalesce(registry.existing_id, one(module.registry[*].id)) }

  # On AKS nodes pull the image, with an identity of theirs.
  platform_roles = merge(
    { for name, id in local.registry_ids : name => { role = "AcrPull", scope = id } if var.aks == null },
    { for vault in module.vault : "vault" => {
      role  = "Key Vault Secrets User"
      scope = vault.id
    } },
  )

  # Logs of Redis are those of its database, which has no diagnostic setting here.
  platform_monitored = merge(
    # The one output alone: the app waits for the identity's roles, and those for what is made for telemetry.
    length(local.in_apps) == 0 ? {} : { "container-apps" = { id = module.gateway[0].environment_id, logs_enabled = true, metrics_enabled = true } },
    # The audit of reads (kube-audit) would be most of what the workspace takes.
    var.aks == null ? {} : { "aks" = {
      id             = module.aks[0].id
      log_categories = ["kube-apiserver", "kube-audit-admin", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler", "cloud-controller-manager", "csi-azuredisk-controller", "guard"]
    } },
    { for registry in module.registry : "registry" => { id = registry.id, logs_enabled = true, metrics_enabled = true } },
    { for vault in module.vault : "vault" => { id = vault.id, logs_enabled = true, metrics_enabled = true } },
    { for redis in module.redis : "redis" => { id = redis.id, logs_enabled = false, metrics_enabled = true } },
  )

  # An image without a registry is in the one that is made here.
  image_is_whole  = can(regex("^[^/]*\\.[^/]*/", try(var.gateway.image, "")))
  image           = local.image_is_whole ? var.gateway.image : "${coalesce(local.registry_server, "registry-is-missing.invalid")}/${try(var.gateway.image, "")}"
  registry_server = var.registry == null ? null : try(coalesce(one(module.registry[*].login_server), split("/", var.gateway.image)[0]), null)
}

module "registry" {
  source = "./modules/registry"
  count  = var.registry == null || try(var.registry.existing_id, null) != null ? 0 : 1

  name                    = module.names.registry
  resource_group_name     = azurerm_resource_group.this.name
  location                = var.location
  subnet_id               = module.network.endpoints_subnet_id
  zone_id                 = module.network.zone_ids["registry"]
  zone_redundancy_enabled = var.registry.zone_redundancy_enabled
  tags                    = local.tags
}

module "vault" {
  source = "./modules/vault"
  count  = var.vault == null ? 0 : 1

  name                = module.names.vault
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tenant_id           = data.azurerm_client_config.this.tenant_id
  subnet_id           = module.network.endpoints_subnet_id
  zone_id             = module.network.zone_ids["vault"]
  retention_days      = var.vault.retention_days
  tags                = local.tags
}

module "redis" {
  source = "./modules/redis"
  count  = var.redis == null ? 0 : 1

  name                      = module.names.redis
  resource_group_name       = azurerm_resource_group.this.name
  location                  = var.location
  subnet_id                 = module.network.endpoints_subnet_id
  zone_id                   = module.network.zone_ids["redis"]
  object_id                 = module.identity.principal_id
  sku                       = var.redis.sku
  high_availability_enabled = var.redis.high_availability_enabled
  persistence_enabled       = var.redis.persistence_enabled
  tags                      = local.tags
}

module "gateway" {
  source = "./modules/gateway"
  count  = length(local.in_apps)

  name                    = module.names.container_app
  environment_name        = module.names.container_environment
  storage_name            = module.names.journal
  resource_group_name     = azurerm_resource_group.this.name
  location                = var.location
  subnet_id               = module.network.apps_subnet_id
  endpoints_subnet_id     = module.network.endpoints_subnet_id
  virtual_network_id      = module.network.virtual_network_id
  file_zone_id            = try(module.network.zone_ids["file"], null)
  identity_id             = module.identity.id
  image                   = local.image
  registry_server         = local.registry_server
  configuration           = yamlencode(local.configuration)
  secrets                 = { for name, secret in var.gateway.secrets : name => "${one(module.vault[*].uri)}secrets/${secret}" }
  ingress                 = local.ingress
  replicas                = var.gateway.replicas
  calls_per_replica       = coalesce(var.gateway.calls_per_replica, 200)
  cpu                     = var.gateway.cpu
  shutdown_grace_seconds  = var.gateway.shutdown_grace_seconds
  zone_redundancy_enabled = var.gateway.zone_redundancy_enabled
  journal                 = local.journal_kind
  journal_gib             = var.gateway.journal_gib
  tags                    = local.tags
}

data "azurerm_client_config" "this" {}
