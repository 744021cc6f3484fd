# The gateway on a cluster of its own. Terraform makes the cluster and what the chart needs around it, and says with which
# values and by which command the chart gets in. It does not install it itself: the API server has no public address, so a
# provider for Helm would have to run in the network, in which nobody has a machine before the first `apply`; it would sign
# in with a token that no state should hold, and it could not even plan before the cluster is there. The command goes
# through Azure's own way into the cluster, as whoever is signed in.
locals {
  chart_namespace     = "gatehouse"
  chart_drain_seconds = 20

  # Everything of the configuration that the chart does not set itself.
  chart_own      = { gateway = ["listen", "replica", "timeouts"], admin = ["listen"], ledger = ["directory"] }
  chart_timeouts = { for name, time in try(local.configuration.gateway.timeouts, {}) : name => time if name != "shutdownGrace" }

  chart_sections = { for section, settings in local.configuration : section => {
    for name, value in settings : name => value if !contains(lookup(local.chart_own, section, []), name)
  } }

  chart_configuration = merge(local.chart_sections, { gateway = merge(local.chart_sections.gateway, { timeouts = local.chart_timeouts }) })

  # Of NAME:TAG or NAME@DIGEST.
  image_name = split("@", local.image)[0]
  image_tag  = try(regex(":([A-Za-z0-9._-]+)$", local.image_name)[0], "")

  # With an edge nothing else connects, and without one whoever may call.
  chart_clients = !local.edge_connects ? (var.existing_network != null ? var.callers : concat([var.address_space], var.callers)) : module.network.edge_range[*]

  chart_values = [for gateway in local.in_aks : {
    image = merge(
      { repository = trimsuffix(local.image_name, ":${local.image_tag}") },
      strcontains(local.image, "@") ? { digest = split("@", local.image)[1] } : { tag = local.image_tag },
    )
    replicas             = gateway.replicas.min
    replicasWithoutRedis = false
    config               = local.chart_configuration
    workloadIdentity     = { clientId = module.identity.client_id }
    serviceAccount       = { name = local.chart_namespace }
    journal              = { storageClassName = "gatehouse-journal", size = "${gateway.journal_gib}Gi", accessMode = "ReadWriteOncePod" }
    storageClass         = { create = true, parameters = { skuName = var.aks.disk_sku } }
    shutdownGraceSeconds = gateway.shutdown_grace_seconds
    drainSeconds         = local.chart_drain_seconds
    nodeSelector         = { "kubernetes.azure.com/agentpool" = "gateway" }

    # The balancer keeps a connection whose model thinks for longer than the 4 minutes of its default. With Local the gateway
    # sees the address of whoever connects.
    service = {
      type                  = "LoadBalancer"
      externalTrafficPolicy = "Local"
      annotations = {
        "service.beta.kubernetes.io/azure-load-balancer-internal"         = "true"
        "service.beta.kubernetes.io/azure-load-balancer-ipv4"             = local.nodes_address
        "service.beta.kubernetes.io/azure-load-balancer-internal-subnet"  = element(split("/", module.network.nodes_subnet_id), -1)
        "service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout" = "30"
      }
    }

    resources = {
      requests = { cpu = tostring(gateway.cpu), memory = "${gateway.cpu * 2}Gi" }
      limits   = { memory = "${gateway.cpu * 3}Gi" }
    }

    # By CPU: calls in flight would need an adapter for metrics in the cluster.
    autoscaling = {
      enabled       = gateway.replicas.min != gateway.replicas.max
      minReplicas   = gateway.replicas.min
      maxReplicas   = gateway.replicas.max
      callsInFlight = 0
    }

    # Spread over zones as the chart does it: as a rule that may be broken, since nodes of a lost zone still count as one.
    networkPolicy = { clients = [for range in local.chart_clients : { ipBlock = { cidr = range } }] }

    keyVault = {
      name     = length(gateway.secrets) == 0 ? "" : module.names.vault
      tenantId = data.azurerm_client_config.this.tenant_id
      secrets  = gateway.secrets
    }
  }]

  nodes_address = var.aks == null ? null : var.aks.private_address != null ? var.aks.private_address : module.network.nodes_address

  chart_install = [for cluster in module.aks : join(" ", [
    "az aks command invoke --resource-group ${azurerm_resource_group.this.name} --name ${cluster.name} --file .",
    "--command 'helm upgrade --install gatehouse ./gatehouse --namespace ${local.chart_namespace} --create-namespace --values values.yaml --wait --timeout 20m'",
  ])]
}

module "aks" {
  source = "./modules/aks"
  count  = length(local.in_aks)

  name                   = module.names.cluster
  cluster_identity_name  = module.names.cluster_identity
  kubelet_identity_name  = module.names.kubelet_identity
  nat_gateway_name       = module.names.nat_gateway
  resource_group_name    = azurerm_resource_group.this.name
  location               = var.location
  tenant_id              = data.azurerm_client_config.this.tenant_id
  admin_group_ids        = var.aks.admin_group_ids
  virtual_network_id     = module.network.virtual_network_id
  subnet_id              = module.network.nodes_subnet_id
  private_address        = local.nodes_address
  api_server_zone_id     = module.network.zone_ids["aks"]
  dns_zone_name          = module.names.dns_zone
  identity_id            = module.identity.id
  registries             = local.registry_ids
  namespace              = local.chart_namespace
  service_account        = local.chart_namespace
  kubernetes_version     = var.aks.kubernetes_version
  upgrade_channel        = var.aks.upgrade_channel
  maintenance            = var.aks.maintenance
  sku_tier               = var.aks.sku_tier
  zones                  = var.aks.zones
  system_nodes           = var.aks.system_nodes
  gateway_nodes          = var.aks.gateway_nodes
  pod_range              = var.aks.pod_range
  service_range          = var.aks.service_range
  outbound               = coalesce(var.aks.outbound, var.existing_network == null ? "nat_gateway" : "route")
  shutdown_grace_seconds = var.gateway.shutdown_grace_seconds
  drain_seconds          = local.chart_drain_seconds
  workspace              = var.observability == null ? null : { id = module.observability[0].workspace_id }
  secrets_enabled        = length(var.gateway.secrets) > 0
  tags                   = local.tags
}
