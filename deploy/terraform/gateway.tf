# The gateway's configuration, from the variables that made what it names.
locals {
  gateway = {
    gateway = { listen = "0.0.0.0:8080" }
    admin   = { roles = local.admin_roles }
    identity = { entra = merge(
      { tenants = var.tenants, audiences = local.audiences },
      { for entra in module.entra : "signInClient" => entra.cli_client_id },
    ) }

    instances = { for name, instance in var.instances : name => {
      endpoint   = module.openai[name].endpoint
      region     = instance.location
      credential = { managedIdentity = module.identity.client_id }
      deployments = { for deployment, made in instance.deployments : deployment => {
        model = made.model
        kind  = strcontains(made.sku, "Provisioned") ? "provisioned" : "standard"
      } }
    } }

    pools = { main = { members = [for name, instance in var.instances : {
      instance = name
      priority = instance.priority
    }] } }

    workloads = { for name, workload in var.workloads : name => {
      callers     = local.workload_callers[name]
      targets     = ["main"]
      deployments = workload.deployments
    } }

    feeds = { for ledger in module.ledger : "data-explorer" => {
      kind       = "event-hubs"
      namespace  = ledger.feed.namespace
      hub        = ledger.feed.hub
      credential = { managedIdentity = module.identity.client_id }
      bodies     = var.ledger.bodies
    } }
  }
}
