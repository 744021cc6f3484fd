locals {
  # What the gateway's image has as its own directory, and its configuration's.
  state         = "/var/lib/gatehouse"
  configuration = "/etc/gatehouse"
  nfs           = var.journal == "nfs"
}

# Internal: its address is one of the subnet's, and nothing of it is reached from outside the virtual network.
resource "azurerm_container_app_environment" "this" {
  name                           = var.environment_name
  resource_group_name            = var.resource_group_name
  location                       = var.location
  infrastructure_subnet_id       = var.subnet_id
  internal_load_balancer_enabled = true
  zone_redundancy_enabled        = var.zone_redundancy_enabled
  logs_destination               = var.logs_destination
  log_analytics_workspace_id     = var.log_analytics_workspace_id
  tags                           = var.tags

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }

  # Premium ingress has machines of its own: at least two, and no app may run on them.
  dynamic "workload_profile" {
    for_each = var.ingress == "premium" ? ["ingress"] : []

    content {
      name                  = "ingress"
      workload_profile_type = "D4"
      minimum_count         = 2
      maximum_count         = 4
    }
  }
}

# Ingress otherwise ends every request after 240 s, streams too.
resource "azapi_update_resource" "ingress" {
  count = var.ingress == "premium" ? 1 : 0

  type        = "Microsoft.App/managedEnvironments@2025-07-01"
  resource_id = azurerm_container_app_environment.this.id

  body = {
    properties = {
      ingressConfiguration = {
        workloadProfileName           = "ingress"
        requestIdleTimeout            = var.idle_minutes
        terminationGracePeriodSeconds = var.idle_minutes * 60
        headerCountLimit              = 200
      }
    }
  }
}

# Public DNS does not know the names of an internal environment.
resource "azurerm_private_dns_zone" "environment" {
  name                = azurerm_container_app_environment.this.default_domain
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "environment" {
  name                  = var.environment_name
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.environment.name
  virtual_network_id    = var.virtual_network_id
  registration_enabled  = false
  tags                  = var.tags
}

resource "azurerm_private_dns_a_record" "apps" {
  name                = "*"
  resource_group_name = var.resource_group_name
  zone_name           = azurerm_private_dns_zone.environment.name
  ttl                 = 300
  records             = [azurerm_container_app_environment.this.static_ip_address]
  tags                = var.tags
}

resource "azurerm_container_app" "this" {
  name                         = var.name
  resource_group_name          = var.resource_group_name
  container_app_environment_id = azurerm_container_app_environment.this.id
  revision_mode                = "Single"
  workload_profile_name        = "Consumption"
  tags                         = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity_id]
  }

  dynamic "registry" {
    for_each = var.registry_server[*]

    content {
      server   = registry.value
      identity = var.identity_id
    }
  }

  # No secret: a secret of the app is what can be mounted as a file.
  secret {
    name  = "gatehouse-yaml"
    value = var.configuration
  }

  dynamic "secret" {
    for_each = var.secrets

    content {
      name                = secret.key
      key_vault_secret_id = secret.value
      identity            = var.identity_id
    }
  }

  # External to the environment, and so for the whole virtual network.
  ingress {
    external_enabled           = true
    allow_insecure_connections = false
    target_port                = var.port
    exposed_port               = var.ingress == "tcp" ? var.port : null
    transport                  = var.ingress == "tcp" ? "tcp" : "http"

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas = var.replicas.min
    max_replicas = var.replicas.max
    # The gateway waits for calls in flight, then needs some seconds to record the calls that it cut.
    termination_grace_period_seconds = var.shutdown_grace_seconds + 30

    dynamic "http_scale_rule" {
      for_each = var.ingress == "tcp" ? [] : ["calls"]

      content {
        name                = http_scale_rule.value
        concurrent_requests = tostring(var.calls_per_replica)
      }
    }

    dynamic "tcp_scale_rule" {
      for_each = var.ingress == "tcp" ? ["connections"] : []

      content {
        name                = tcp_scale_rule.value
        concurrent_requests = tostring(var.calls_per_replica)
      }
    }

    container {
      name   = "gatehouse"
      image  = var.image
      args   = ["serve", "--config", "${local.configuration}/gatehouse-yaml"]
      cpu    = var.cpu
      memory = "${var.cpu * 2}Gi"

      # A change of the configuration makes a new revision; secrets alone make none.
      env {
        name  = "GATEHOUSE_CONFIGURATION_SHA256"
        value = sha256(var.configuration)
      }

      # The first start may take the directory of a replica that died, and load its journal.
      startup_probe {
        transport               = "HTTP"
        port                    = var.port
        path                    = "/healthz"
        interval_seconds        = 10
        timeout                 = 5
        failure_count_threshold = 30
      }

      liveness_probe {
        transport               = "HTTP"
        port                    = var.port
        path                    = "/healthz"
        interval_seconds        = 10
        timeout                 = 5
        failure_count_threshold = 6
      }

      readiness_probe {
        transport               = "HTTP"
        port                    = var.port
        path                    = "/readyz"
        interval_seconds        = 5
        timeout                 = 3
        failure_count_threshold = 2
        success_count_threshold = 1
      }

      volume_mounts {
        name = "configuration"
        path = local.configuration
      }

      volume_mounts {
        name = "journal"
        path = local.state
      }
    }

    volume {
      name         = "configuration"
      storage_type = "Secret"
    }

    volume {
      name         = "journal"
      storage_type = local.nfs ? "NfsAzureFile" : "EmptyDir"
      storage_name = one(azurerm_container_app_environment_storage.journal[*].name)
    }
  }

  depends_on = [azapi_update_resource.ingress]
}
