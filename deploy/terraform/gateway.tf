# The gateway's configuration, from the variables that made what it names.
locals {
  generated = merge({
    gateway = merge({ listen = "0.0.0.0:8080" }, concat(local.in_container, local.in_cluster, local.at_edge)...)
    admin   = merge({ roles = local.admin_roles }, var.aks == null ? {} : { listen = "0.0.0.0:8081" })
    identity = { entra = merge(
      { tenants = var.tenants },
      var.entra == null && var.audiences == null ? {} : { audiences = local.audiences },
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

    feeds = merge(
      { for ledger in module.ledger : "data-explorer" => {
        kind       = "event-hubs"
        namespace  = ledger.feed.namespace
        hub        = ledger.feed.hub
        credential = { managedIdentity = module.identity.client_id }
        bodies     = var.ledger.bodies
      } },
      { for _ in var.observability[*] : "application-insights" => {
        kind             = "application-insights"
        connectionString = module.observability[0].insights_address
        credential       = { managedIdentity = module.identity.client_id }
      } },
    )
  }, concat(local.journal, local.shared)...)

  # Container Apps names each replica in its environment, and its ingress writes X-Forwarded-For.
  in_container = [for gateway in local.in_apps : {
    replica           = "$${env:CONTAINER_APP_REPLICA_NAME}"
    trustForwardedFor = local.ingress != "tcp" || local.edge_connects
    # Where ingress ends a request after 240 s, the gateway does so before, with an error that a client understands.
    timeouts = merge(
      { shutdownGrace = "${gateway.shutdown_grace_seconds}s" },
      local.ingress == "http" ? { total = "230s", firstByte = "220s" } : {},
    )
  }]

  # As the chart sets them. A balancer passes connections on, so only an edge writes X-Forwarded-For.
  in_cluster = [for gateway in local.in_aks : {
    replica           = "$${env:POD_NAME}"
    trustForwardedFor = local.edge_connects
    timeouts          = { shutdownGrace = "${gateway.shutdown_grace_seconds}s" }
  }]

  # With Redis and a feed, others have the records and know what was used: the journal alone is enough.
  journal = [for gateway in var.gateway[*] : { ledger = merge(
    { store = var.redis != null && var.ledger != null ? "none" : "duckdb" },
    local.journal_kind == "nfs" ? { directory = "/var/lib/gatehouse/replicas", shared = true } : { directory = "/var/lib/gatehouse/ledger", shared = false },
    local.journal_kind == "empty-dir" ? { ephemeral = true } : {},
  ) }]

  shared = [for redis in module.redis : {
    redis  = { url = redis.url, credential = { managedIdentity = module.identity.client_id } }
    limits = { store = "redis", whenStoreIsDown = "local" }
  }]

  # What the variable `settings` says goes before what is generated. In a section, and in a group of settings or a named
  # thing of it (`gateway.timeouts`, `workloads.NAME`), what `settings` does not name stays.
  configuration = { for section in distinct(concat(keys(local.generated), keys(var.settings))) :
    section => { for name in distinct(concat(keys(try(local.generated[section], {})), keys(try(var.settings[section], {})))) :
      name => try(
        merge(local.generated[section][name], var.settings[section][name]),
        var.settings[section][name],
        local.generated[section][name],
      )
    }
  }
}
