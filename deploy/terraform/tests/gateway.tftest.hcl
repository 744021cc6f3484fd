# The gateway's own variables. Run with: terraform init && terraform test
mock_provider "azurerm" {
  mock_resource "azurerm_container_registry" {
    defaults = { login_server = "contoso.azurecr.io" }
  }
}

mock_provider "azapi" {}

variables {
  project     = "gatehouse"
  environment = "test"
  location    = "swedencentral"
  tenants     = ["11111111-2222-3333-4444-555555555555"]
  registry    = {}
  redis       = {}

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

  gateway = { image = "gatehouse:0.1.0" }
}

run "zones_of_what_is_made" {
  command = plan

  assert {
    condition     = toset(keys(module.network.zone_ids)) == toset(["openai", "registry", "redis", "file"])
    error_message = "The registry, Redis and the journal each need a zone, and nothing else does."
  }
}

run "tokens_for_azure_itself" {
  assert {
    condition     = !can(yamldecode(output.gateway_yaml).identity.entra.audiences) && tolist(yamldecode(output.gateway_yaml).identity.entra.tenants) == var.tenants
    error_message = "Without audiences and entra the gateway's own default counts: it takes both of Azure's audiences."
  }
}

run "settings_go_before_what_is_generated" {
  variables {
    settings = {
      gateway = { trustForwardedFor = false, timeouts = { firstByte = "4m" } }
      log     = { level = "warn" }
    }
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).gateway.trustForwardedFor == false && yamldecode(output.gateway_yaml).gateway.listen == "0.0.0.0:8080"
    error_message = "One setting of a section replaces that setting alone."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).gateway.timeouts == { firstByte = "4m", shutdownGrace = "120s" }
    error_message = "One setting of a group replaces that setting alone: ingress and Terraform rely on the others."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).log.level == "warn"
    error_message = "A section that is not generated is added."
  }
}

run "edge_before_the_ingress_of_container_apps" {
  variables {
    vault = {}
    edge  = { host = "gatehouse.contoso.com", certificate_id = "https://kvgatehousetest.vault.azure.net/secrets/gatehouse" }
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).gateway.trustForwardedFor && yamldecode(output.gateway_yaml).gateway.trustedProxies == ["10.0.2.0/24"]
    error_message = "Ingress adds the edge's address to what the edge wrote."
  }
}

run "edge_that_connects_to_the_gateway" {
  variables {
    vault   = {}
    gateway = { image = "gatehouse:0.1.0", ingress = "tcp" }
    edge    = { host = "gatehouse.contoso.com", certificate_id = "https://kvgatehousetest.vault.azure.net/secrets/gatehouse" }
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).gateway.trustForwardedFor && !can(yamldecode(output.gateway_yaml).gateway.trustedProxies)
    error_message = "The last entry is what the edge wrote."
  }
}

run "several_replicas_without_redis" {
  command = plan
  variables {
    redis = null
  }
  expect_failures = [var.gateway]
}

run "one_replica_without_redis" {
  variables {
    redis   = null
    gateway = { image = "gatehouse:0.1.0", replicas = { min = 1, max = 1 } }
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).ledger.store == "duckdb"
    error_message = "Without Redis a replica needs a store."
  }
}

run "secrets_without_a_vault" {
  command = plan
  variables {
    gateway = { image = "gatehouse:0.1.0", secrets = { webhook = "webhook" } }
  }
  expect_failures = [var.gateway]
}

run "image_of_no_registry" {
  command = plan
  variables {
    registry = null
    gateway  = { image = "gatehouse:0.1.0" }
  }
  expect_failures = [var.gateway]
}

run "something_else_than_a_registry" {
  command = plan
  variables {
    registry = { existing_id = "contoso.azurecr.io" }
  }
  expect_failures = [var.registry]
}
