# Telemetry, alerts and the edge, and values that their modules refuse.
mock_provider "azurerm" {}
mock_provider "azuread" {}
mock_provider "azapi" {}

variables {
  project     = "gatehouse"
  environment = "test"
  location    = "swedencentral"
  tenants     = ["11111111-2222-3333-4444-555555555555"]
  admin_roles = { auditor = [{ user = "22222222-3333-4444-5555-666666666666" }] }
  ledger      = {}

  workloads = {
    trial = { callers = [{ user = "22222222-3333-4444-5555-666666666666" }], deployments = ["gpt-4o"] }
  }

  instances = {
    sweden = {
      location    = "swedencentral"
      deployments = { "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", capacity = 10 } }
    }
  }

  observability = {
    emails               = { oncall = "oncall@contoso.com" }
    budget               = { amount = 500, from = "2026-12" }
    private_link_enabled = true
  }

  edge = {
    host           = "gatehouse.contoso.com"
    certificate_id = "https://kv-gatehouse.vault.azure.net/secrets/gatehouse"
    vault_id       = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-gatehouse"
    backend_host   = "gatehouse.internal.swedencentral.azurecontainerapps.io"
    firewall       = {}
  }
}

run "everything_is_watched" {
  command = apply

  assert {
    condition     = length(setsubtract(["monitor", "oms", "ods", "agentsvc", "blob"], keys(module.network.zone_ids))) == 0
    error_message = "A private link scope needs five zones."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).gateway.publicUrl == "https://gatehouse.contoso.com" && output.edge_url == "https://gatehouse.contoso.com" && output.edge_address == "10.0.2.10"
    error_message = "The edge has its name, and an address of its subnet."
  }
}

run "the_gateway_tells_of_its_calls" {
  command = apply

  assert {
    condition     = yamldecode(output.gateway_yaml).feeds["application-insights"].credential.managedIdentity == output.identity_client_id
    error_message = "The gateway writes into Application Insights with its identity."
  }
}

run "edge_without_a_vault" {
  command = plan
  variables {
    edge = {
      host           = "gatehouse.contoso.com"
      certificate_id = "https://kv-gatehouse.vault.azure.net/secrets/gatehouse"
      backend_host   = "gatehouse.internal.swedencentral.azurecontainerapps.io"
    }
  }
  expect_failures = [var.edge]
}

run "budget_of_a_day" {
  command = plan
  module { source = "./modules/observability" }
  variables {
    workspace_name      = "log"
    insights_name       = "appi"
    action_group_name   = "ag"
    alert_prefix        = "gatehouse"
    resource_group_name = "rg"
    resource_group_id   = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg"
    monitored           = {}
    event_hubs_enabled  = false
    vault_enabled       = false
    tags                = {}
    budget              = { amount = 500, from = "2026-12-01" }
    emails              = { oncall = "oncall" }
    retention_days      = 45
    thresholds          = { failed_percent = 100, feed_lag_seconds = 10 }
  }
  expect_failures = [var.budget, var.emails, var.retention_days, var.thresholds]
}

run "edge_with_the_version_of_a_certificate" {
  command = plan
  module { source = "./modules/edge" }
  variables {
    name                = "agw"
    identity_name       = "id"
    firewall_name       = "waf"
    resource_group_name = "rg"
    subnet_id           = "/subscriptions/00000000-0000-4000-8000-000000000000/subnet"
    private_address     = "10.0.2"
    host                = "https://gatehouse.contoso.com"
    certificate_id      = "https://kv-gatehouse.vault.azure.net/secrets/gatehouse/0123456789abcdef0123456789abcdef"
    vault_id            = "/subscriptions/00000000-0000-4000-8000-000000000000/vault"
    backend_host        = "gatehouse.internal"
    request_seconds     = 30
    capacity            = { minimum = 101, maximum = 125 }
    tags                = {}
  }
  expect_failures = [var.private_address, var.host, var.certificate_id, var.request_seconds, var.capacity]
}
