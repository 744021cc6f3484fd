# The gateway on a cluster, and values that its module refuses. Run with: terraform init && terraform test
mock_provider "azurerm" {
  mock_resource "azurerm_container_registry" {
    defaults = { login_server = "contoso.azurecr.io" }
  }
}

mock_provider "azuread" {}
mock_provider "azapi" {}

variables {
  project     = "gatehouse"
  environment = "test"
  location    = "swedencentral"
  tenants     = ["11111111-2222-3333-4444-555555555555"]
  registry    = {}
  platform    = "aks"

  admin_roles = { auditor = [{ user = "22222222-3333-4444-5555-666666666666" }] }

  workloads = {
    trial = { callers = [{ user = "22222222-3333-4444-5555-666666666666" }], deployments = ["gpt-4o"] }
  }

  instances = {
    sweden = {
      location    = "swedencentral"
      deployments = { "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", capacity = 10 } }
    }
  }

  gateway = { image = "gatehouse:0.1.0", replicas = { min = 1, max = 1 } }
  aks     = { admin_group_ids = ["33333333-4444-5555-6666-777777777777"] }
}

run "one_replica" {
  assert {
    condition     = yamldecode(output.chart_values).replicas == 1 && yamldecode(output.chart_values).autoscaling.enabled == false
    error_message = "A number of replicas that never changes is not scaled."
  }

  assert {
    condition     = yamldecode(output.chart_values).image == { repository = "contoso.azurecr.io/gatehouse", tag = "0.1.0" }
    error_message = "The image is in the registry that is made."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).ledger == { directory = "/var/lib/gatehouse/ledger", shared = false, store = "duckdb" }
    error_message = "Each replica has a disk of its own, which is not lost with it."
  }

  assert {
    condition     = toset(keys(module.network.zone_ids)) == toset(["openai", "registry", "aks"])
    error_message = "The cluster needs a zone for its API server, and none for a share."
  }

  assert {
    condition     = module.network.nodes_address == "10.0.3.250" && module.network.apps_subnet_id == null
    error_message = "There is a subnet for nodes in place of the one for Container Apps."
  }
}

run "image_by_its_digest" {
  variables {
    registry = null
    gateway  = { image = "ghcr.io/contoso/gatehouse@sha256:4ae64a1ba7a5cd60ad6a5fd0bd6b94e2a8b31f1d0e84f7f8a0cba9d0d8b0f1a2", replicas = { min = 1, max = 1 } }
  }

  assert {
    condition     = yamldecode(output.chart_values).image == { repository = "ghcr.io/contoso/gatehouse", digest = "sha256:4ae64a1ba7a5cd60ad6a5fd0bd6b94e2a8b31f1d0e84f7f8a0cba9d0d8b0f1a2" }
    error_message = "A digest pins the image."
  }
}

run "secrets_of_the_vault" {
  variables {
    vault    = {}
    gateway  = { image = "gatehouse:0.1.0", replicas = { min = 1, max = 1 }, secrets = { webhook = "siem-webhook" } }
    settings = { feeds = { siem = { kind = "webhook", url = "https://siem.contoso.com", secret = "$${file:/run/secrets/gatehouse/webhook}" } } }
  }

  assert {
    condition     = yamldecode(output.chart_values).keyVault.secrets == { webhook = "siem-webhook" } && yamldecode(output.chart_values).keyVault.name == "kvgatehousetest"
    error_message = "The chart mounts secrets of the vault."
  }
}

run "cluster_without_its_platform" {
  command = plan
  variables {
    platform = "container_apps"
  }
  expect_failures = [var.aks]
}

run "platform_without_its_cluster" {
  command = plan
  variables {
    aks = null
  }
  expect_failures = [var.aks]
}

run "platform_that_is_none" {
  command = plan
  variables {
    platform = "functions"
    aks      = null
  }
  expect_failures = [var.platform]
}

run "cluster_without_a_gateway" {
  command = plan
  variables {
    gateway = null
  }
  expect_failures = [var.aks]
}

run "journal_of_container_apps" {
  command = plan
  variables {
    gateway = { image = "gatehouse:0.1.0", replicas = { min = 1, max = 1 }, journal = "nfs" }
  }
  expect_failures = [var.gateway]
}

run "newest_image" {
  command = plan
  variables {
    gateway = { image = "gatehouse:latest", replicas = { min = 1, max = 1 } }
  }
  expect_failures = [var.gateway]
}

run "network_without_a_subnet_for_nodes" {
  command = plan
  variables {
    existing_network = {
      virtual_network_id  = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
      endpoints_subnet_id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints"
    }
  }
  expect_failures = [var.aks]
}

run "network_that_is_there" {
  variables {
    aks = { admin_group_ids = ["33333333-4444-5555-6666-777777777777"], private_address = "10.9.0.40" }
    existing_network = {
      virtual_network_id  = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
      endpoints_subnet_id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints"
      nodes_subnet_id     = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/kubernetes"
    }
  }

  assert {
    condition     = yamldecode(output.chart_values).service.annotations["service.beta.kubernetes.io/azure-load-balancer-internal-subnet"] == "kubernetes" && yamldecode(output.chart_values).service.annotations["service.beta.kubernetes.io/azure-load-balancer-ipv4"] == "10.9.0.40"
    error_message = "The balancer is in the subnet that is there."
  }
}

run "values_that_the_module_refuses" {
  command = plan
  module { source = "./modules/aks" }
  variables {
    name                   = "aks_gatehouse"
    cluster_identity_name  = "id-cluster"
    kubelet_identity_name  = "id-kubelet"
    nat_gateway_name       = "ng"
    resource_group_name    = "rg"
    tenant_id              = "11111111-2222-3333-4444-555555555555"
    admin_group_ids        = ["Admins"]
    virtual_network_id     = "/subscriptions/0/vnet"
    subnet_id              = "/subscriptions/0/subnet"
    private_address        = "10.0.3"
    api_server_zone_id     = "/subscriptions/0/zone"
    dns_zone_name          = "internal"
    identity_id            = "/subscriptions/0/identity"
    kubernetes_version     = "latest"
    upgrade_channel        = "node-image"
    maintenance            = { day = "Someday", hours = 1 }
    sku_tier               = "Paid"
    zones                  = ["4"]
    system_nodes           = { minimum = 0 }
    gateway_nodes          = { size = "D4s_v5" }
    pod_range              = "192.168.0.0/24"
    service_range          = "172.16.0.0/12"
    outbound               = "loadBalancer"
    shutdown_grace_seconds = 120
    tags                   = {}
  }
  expect_failures = [
    var.name, var.admin_group_ids, var.private_address, var.dns_zone_name, var.kubernetes_version, var.upgrade_channel, var.maintenance,
    var.sku_tier, var.zones, var.system_nodes, var.gateway_nodes, var.pod_range, var.service_range, var.outbound,
  ]
}
