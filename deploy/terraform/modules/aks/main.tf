locals {
  # Calls may end for as long as the chart lets a replica: before the signal, the gateway's own time, and 30 s for records.
  ending_seconds = var.drain_seconds + var.shutdown_grace_seconds + 30
}

# Neither the API server nor a node has a public address, and no account of the cluster's own opens it: whoever works on
# it is somebody of Entra.
resource "azurerm_kubernetes_cluster" "this" {
  name                                = var.name
  resource_group_name                 = var.resource_group_name
  location                            = var.location
  dns_prefix_private_cluster          = var.name
  kubernetes_version                  = var.kubernetes_version
  sku_tier                            = var.sku_tier
  node_resource_group                 = "${var.resource_group_name}-nodes"
  private_cluster_enabled             = true
  private_cluster_public_fqdn_enabled = false
  private_dns_zone_id                 = var.api_server_zone_id
  local_account_disabled              = true
  role_based_access_control_enabled   = true
  oidc_issuer_enabled                 = true
  workload_identity_enabled           = true
  azure_policy_enabled                = true
  image_cleaner_enabled               = true
  image_cleaner_interval_hours        = 168
  automatic_upgrade_channel           = var.upgrade_channel
  node_os_upgrade_channel             = "NodeImage"
  # The way for commands into a cluster without a public address: az aks command invoke.
  run_command_enabled = true
  tags                = var.tags

  azure_active_directory_role_based_access_control {
    tenant_id              = var.tenant_id
    azure_rbac_enabled     = true
    admin_group_object_ids = var.admin_group_ids
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.cluster.id]
  }

  # Pulls the image, and nothing else.
  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.kubelet.client_id
    object_id                 = azurerm_user_assigned_identity.kubelet.principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.kubelet.id
  }

  # Pods have addresses of their own range, so the subnet holds nodes alone.
  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_policy      = "cilium"
    network_data_plane  = "cilium"
    load_balancer_sku   = "standard"
    outbound_type       = var.outbound == "nat_gateway" ? "userAssignedNATGateway" : "userDefinedRouting"
    pod_cidr            = var.pod_range
    service_cidr        = var.service_range
    dns_service_ip      = cidrhost(var.service_range, 10)
  }

  # What the cluster itself needs. The gateway is on nodes of its own.
  default_node_pool {
    name                         = "system"
    vm_size                      = var.system_nodes.size
    auto_scaling_enabled         = true
    min_count                    = var.system_nodes.minimum
    max_count                    = var.system_nodes.maximum
    only_critical_addons_enabled = true
    node_public_ip_enabled       = false
    os_sku                       = "AzureLinux"
    vnet_subnet_id               = var.subnet_id
    zones                        = var.zones
    temporary_name_for_rotation  = "systemnew"
    tags                         = var.tags

    upgrade_settings {
      max_surge = "33%"
    }
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  auto_scaler_profile {
    balance_similar_node_groups  = true
    max_graceful_termination_sec = tostring(local.ending_seconds)
    # A replica writes to its disk alone, so its node may go.
    skip_nodes_with_local_storage = false
  }

  dynamic "oms_agent" {
    for_each = var.workspace[*]

    content {
      log_analytics_workspace_id      = oms_agent.value.id
      msi_auth_for_monitoring_enabled = true
    }
  }

  dynamic "key_vault_secrets_provider" {
    for_each = var.secrets_enabled ? ["2m"] : []

    content {
      secret_rotation_enabled  = true
      secret_rotation_interval = key_vault_secrets_provider.value
    }
  }

  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance.day
    start_time  = var.maintenance.start_time
    utc_offset  = var.maintenance.utc_offset
    duration    = var.maintenance.hours
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance.day
    start_time  = var.maintenance.start_time
    utc_offset  = var.maintenance.utc_offset
    duration    = var.maintenance.hours
  }

  lifecycle {
    # The channel raises it.
    ignore_changes = [kubernetes_version]
  }

  # The cluster writes into its zone and joins its subnet when it is made, and nodes need a way out.
  depends_on = [
    azurerm_role_assignment.cluster,
    azurerm_role_assignment.kubelet,
    azurerm_subnet_nat_gateway_association.nodes,
    azurerm_nat_gateway_public_ip_association.nodes,
  ]
}

resource "azurerm_kubernetes_cluster_node_pool" "gateway" {
  name                        = "gateway"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "User"
  vm_size                     = var.gateway_nodes.size
  auto_scaling_enabled        = true
  min_count                   = var.gateway_nodes.minimum
  max_count                   = var.gateway_nodes.maximum
  node_public_ip_enabled      = false
  os_sku                      = "AzureLinux"
  vnet_subnet_id              = var.subnet_id
  zones                       = var.zones
  temporary_name_for_rotation = "gatewaynew"
  tags                        = var.tags

  # A node that is replaced waits for the calls of its replicas.
  upgrade_settings {
    max_surge                = "33%"
    drain_timeout_in_minutes = max(30, ceil(local.ending_seconds / 60) + 5)
  }
}

# The pods' account signs in as the gateway's identity: no secret, in the cluster or elsewhere.
resource "azurerm_federated_identity_credential" "gateway" {
  name                      = var.name
  user_assigned_identity_id = var.identity_id
  issuer                    = azurerm_kubernetes_cluster.this.oidc_issuer_url
  subject                   = "system:serviceaccount:${var.namespace}:${var.service_account}"
  audience                  = ["api://AzureADTokenExchange"]
}

# The name of the balancer's address, for the virtual network.
resource "azurerm_private_dns_zone" "gateway" {
  name                = var.dns_zone_name
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "gateway" {
  name                  = var.name
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.gateway.name
  virtual_network_id    = var.virtual_network_id
  registration_enabled  = false
  tags                  = var.tags
}

resource "azurerm_private_dns_a_record" "gateway" {
  name                = "gateway"
  resource_group_name = var.resource_group_name
  zone_name           = azurerm_private_dns_zone.gateway.name
  ttl                 = 300
  records             = [var.private_address]
  tags                = var.tags
}
