# Networks that are there already, hubs, spill-over and content filters.
mock_provider "azurerm" {}
mock_provider "azuread" {}
mock_provider "azapi" {}

variables {
  project     = "gatehouse"
  environment = "test"
  location    = "swedencentral"
  tenants     = ["11111111-2222-3333-4444-555555555555"]
  admin_roles = { auditor = [{ user = "22222222-3333-4444-5555-666666666666" }] }

  workloads = {
    trial = { callers = [{ user = "22222222-3333-4444-5555-666666666666" }], deployments = ["gpt-4o"] }
  }

  instances = {
    sweden = {
      location        = "swedencentral"
      content_filters = { strict = { severities = { Hate = "Low", Violence = "Low" } } }
      deployments = {
        "gpt-4o"       = { model = "gpt-4o", version = "2024-11-20", sku = "ProvisionedManaged", capacity = 50, spill_over_to = "gpt-4o-spill", content_filter = "strict" }
        "gpt-4o-spill" = { model = "gpt-4o", version = "2024-11-20", sku = "DataZoneStandard", capacity = 100 }
      }
    }
  }

  hub = { virtual_network_id = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub" }
}

run "spill_over_and_a_hub" {
  command = plan
}

run "network_that_is_there" {
  command = plan
  variables {
    hub = null
    existing_network = {
      virtual_network_id  = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
      endpoints_subnet_id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints"
      apps_subnet_id      = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/apps"
    }
    existing_zone_ids = { openai = "/subscriptions/0/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.openai.azure.com" }
  }

  assert {
    condition     = output.virtual_network_id == var.existing_network.virtual_network_id
    error_message = "No network is made."
  }

  assert {
    condition     = module.network.zone_ids == { openai = var.existing_zone_ids.openai }
    error_message = "No zone is made."
  }
}

run "subnet_of_another_network" {
  command = plan
  module { source = "./modules/network" }
  variables {
    name                = "vnet"
    resource_group_name = "rg"
    address_space       = "10.0.0.0/16"
    zones               = { openai = "privatelink.openai.azure.com" }
    tags                = {}
    hub                 = null
    existing = {
      virtual_network_id  = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
      endpoints_subnet_id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/other/subnets/endpoints"
      apps_subnet_id      = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/apps"
    }
    existing_zone_ids = { openai = "/subscriptions/0/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.redis.azure.net" }
  }
  expect_failures = [var.existing, var.existing_zone_ids]
}

run "spill_over_to_another_model" {
  command = plan
  module { source = "./modules/openai" }
  variables {
    name                = "account"
    resource_group_name = "rg"
    kind                = "OpenAI"
    endpoint_location   = "swedencentral"
    subnet_id           = "/subscriptions/0/subnet"
    zone_ids            = ["/subscriptions/0/zone"]
    tags                = {}
    deployments = {
      "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", sku = "ProvisionedManaged", capacity = 50, spill_over_to = "mini", content_filter = "lax" }
      "mini"   = { model = "gpt-4o-mini", version = "2024-07-18", sku = "Standard", capacity = 100 }
    }
  }
  expect_failures = [var.deployments]
}

run "content_filter_of_unknown_severity" {
  command = plan
  module { source = "./modules/openai" }
  variables {
    name                = "account"
    resource_group_name = "rg"
    kind                = "OpenAI"
    endpoint_location   = "swedencentral"
    subnet_id           = "/subscriptions/0/subnet"
    zone_ids            = ["/subscriptions/0/zone"]
    tags                = {}
    content_filters     = { strict = { severities = { Hate = "Some" } } }
    deployments         = { "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", sku = "Standard", capacity = 50 } }
  }
  expect_failures = [var.content_filters]
}
