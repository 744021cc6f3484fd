# Values that are refused before anything is made. Run with: terraform init && terraform test
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
      location = "swedencentral"
      deployments = {
        "gpt-4o"      = { model = "gpt-4o", version = "2024-11-20", capacity = 10 }
        "gpt-4o-mini" = { model = "gpt-4o-mini", version = "2024-07-18", capacity = 10 }
      }
    }
    foundry = {
      location = "eastus2"
      kind     = "AIServices"
      deployments = {
        "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", sku = "GlobalStandard", capacity = 10 }
      }
    }
  }
}

run "two_instances" {
  command = plan

  assert {
    condition     = output.endpoints == { foundry = "https://gatehouse-test-foundry.openai.azure.com", sweden = "https://gatehouse-test-sweden.openai.azure.com" }
    error_message = "Each instance must have its own address."
  }

  assert {
    condition     = length(module.network.zone_ids) == 3
    error_message = "A Foundry resource needs three zones."
  }
}

run "location_in_words" {
  command = plan
  variables {
    location = "Sweden Central"
  }
  expect_failures = [var.location]
}

run "no_instances" {
  command = plan
  variables {
    instances = {}
  }
  expect_failures = [var.instances]
}

run "instance_without_deployments" {
  command = plan
  variables {
    instances = { sweden = { location = "swedencentral", deployments = {} } }
  }
  expect_failures = [var.instances]
}

run "too_many_tags" {
  command = plan
  variables {
    tags = { for number in range(47) : "tag-${number}" => "value" }
  }
  expect_failures = [var.tags]
}

run "tag_that_azure_refuses" {
  command = plan
  variables {
    tags = { "a/b" = "value" }
  }
  expect_failures = [var.tags]
}

run "empty_company" {
  command = plan
  variables {
    company = ""
  }
  expect_failures = [var.company]
}

run "tenant_by_name" {
  command = plan
  variables {
    tenants = ["contoso.onmicrosoft.com"]
  }
  expect_failures = [var.tenants]
}

run "no_audience" {
  command = plan
  variables {
    audiences = []
  }
  expect_failures = [var.audiences]
}

run "workload_with_unknown_deployment" {
  command = plan
  variables {
    workloads = { trial = { callers = [{ user = "22222222-3333-4444-5555-666666666666" }], deployments = ["gpt-5"] } }
  }
  expect_failures = [var.workloads]
}

run "workload_for_nobody" {
  command = plan
  variables {
    workloads = { trial = { callers = [], deployments = ["gpt-4o"] } }
  }
  expect_failures = [var.workloads]
}

run "nobody_reads_records" {
  command = plan
  variables {
    admin_roles = { operator = [{ user = "22222222-3333-4444-5555-666666666666" }] }
  }
  expect_failures = [var.admin_roles]
}
