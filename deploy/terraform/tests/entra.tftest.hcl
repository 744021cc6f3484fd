# The registration in Entra, and values that its module refuses.
mock_provider "azurerm" {}
mock_provider "azuread" {}
mock_provider "azapi" {}

variables {
  project     = "gatehouse"
  environment = "test"
  location    = "swedencentral"
  tenants     = ["11111111-2222-3333-4444-555555555555"]

  workloads = { trial = { deployments = ["gpt-4o"] } }

  instances = {
    sweden = {
      location    = "swedencentral"
      deployments = { "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", capacity = 10 } }
    }
  }

  entra = {
    workload_members = { trial = { team = "22222222-3333-4444-5555-666666666666" } }
    admin_members    = { auditor = { alice = "22222222-3333-4444-5555-777777777777" } }
    console_urls     = ["https://gatehouse.contoso.com/console/"]

    pipelines = {
      nightly = { issuer = "https://token.actions.githubusercontent.com", subject = "repo:contoso/chat:environment:prod", workloads = ["trial"] }
    }
  }

  # Those of the module, where a run is of the module.
  name             = "gatehouse-test"
  workload_members = {}
  admin_members    = {}
  pipelines        = {}
  console_urls     = []
}

run "roles_decide_who_may_call" {
  command = apply

  assert {
    condition     = yamldecode(output.gateway_yaml).workloads.trial.callers == [{ role = "trial.Use" }]
    error_message = "Whoever has the role of a workload may use it."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).admin.roles.auditor == [{ role = "Gatehouse.Auditor" }]
    error_message = "Whoever has the role of an auditor is one."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).identity.entra.audiences == [module.entra[0].client_id]
    error_message = "The registration is the only audience."
  }

  assert {
    condition     = yamldecode(output.gateway_yaml).identity.entra.signInClient == module.entra[0].cli_client_id
    error_message = "The command line signs in with its own client."
  }

  assert {
    condition     = output.scope == "api://${module.entra[0].client_id}/.default" && keys(output.pipeline_client_ids) == ["nightly"]
    error_message = "Outputs name what clients ask for, and the clients of pipelines."
  }
}

run "members_of_a_workload_that_does_not_exist" {
  command = plan
  module { source = "./modules/entra" }
  variables {
    workloads        = ["trial"]
    workload_members = { chat = { team = "22222222-3333-4444-5555-666666666666" } }
  }
  expect_failures = [var.workload_members]
}

run "member_by_name" {
  command = plan
  module { source = "./modules/entra" }
  variables {
    workloads     = ["trial"]
    admin_members = { viewer = { alice = "alice@contoso.com" } }
  }
  expect_failures = [var.admin_members]
}

run "pipeline_of_any_branch" {
  command = plan
  module { source = "./modules/entra" }
  variables {
    workloads = ["trial"]
    pipelines = { nightly = { issuer = "https://token.actions.githubusercontent.com", subject = "repo:contoso/chat:*", workloads = ["trial"] } }
  }
  expect_failures = [var.pipelines]
}

run "pipeline_without_workload" {
  command = plan
  module { source = "./modules/entra" }
  variables {
    workloads = ["trial"]
    pipelines = { nightly = { issuer = "https://token.actions.githubusercontent.com", subject = "repo:contoso/chat:environment:prod", workloads = [] } }
  }
  expect_failures = [var.pipelines]
}

run "console_without_tls" {
  command = plan
  module { source = "./modules/entra" }
  variables {
    workloads    = ["trial"]
    console_urls = ["http://gatehouse.contoso.com/console/"]
  }
  expect_failures = [var.console_urls]
}
