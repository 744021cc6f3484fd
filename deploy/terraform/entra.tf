# The registration that callers' tokens are for. Where there is none, tokens are for Azure's own audience.
module "entra" {
  source = "./modules/entra"
  count  = var.entra == null ? 0 : 1

  name                 = module.names.registration
  workloads            = keys(var.workloads)
  workload_members     = var.entra.workload_members
  admin_members        = var.entra.admin_members
  identifier_uri       = var.entra.identifier_uri
  group_claims         = var.entra.group_claims
  multi_tenant_enabled = length(var.tenants) > 1
  azure_cli_enabled    = var.entra.azure_cli_enabled
  console_urls         = var.entra.console_urls
  pipelines            = var.entra.pipelines
}

locals {
  # None: the gateway's own default counts, both of Azure's audiences.
  audiences = concat(module.entra[*].client_id, coalesce(var.audiences, []))

  # Whoever has the role of a workload may use it, besides those whom its callers name.
  workload_callers = { for name, workload in var.workloads : name => concat(
    workload.callers,
    [for entra in module.entra : { role = entra.workload_roles[name] }],
  ) }

  admin_roles = { for role, rules in var.admin_roles : role => concat(
    rules,
    [for entra in module.entra : { role = entra.admin_roles[role] }],
  ) }
}
