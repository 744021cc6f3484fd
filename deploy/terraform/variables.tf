variable "project" {
  description = "Short name of the system: 2 to 10 lower-case letters and digits, the first a letter. Names of resources begin with it."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Stage: 2 to 6 lower-case letters and digits, as dev, test, prod."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region of everything except the instances, as swedencentral."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+[0-9]?$", var.location))
    error_message = "location must be a region by its short name, as swedencentral: az account list-locations --query [].name"
  }
}

variable "instances" {
  description = <<-TEXT
    Azure OpenAI instances by name, all members of the gateway's pool `main`. The lowest `priority` is used first. Each becomes an account with a private endpoint. `kind` is OpenAI or AIServices.
    `capacity` is thousands of tokens per minute, or units (PTU) if `sku` is provisioned. `spill_over_to` names the Standard deployment of the same instance that takes what a provisioned one cannot.
    `content_filter` names a policy: one of `content_filters` (the lowest severity that is refused, by category), or one of Microsoft's own.
  TEXT
  type = map(object({
    location = string
    kind     = optional(string, "OpenAI")
    priority = optional(number, 1)
    deployments = map(object({
      model          = string
      version        = string
      sku            = optional(string, "Standard")
      capacity       = number
      content_filter = optional(string)
      spill_over_to  = optional(string)
    }))
    content_filters = optional(map(object({
      base       = optional(string, "Microsoft.DefaultV2")
      mode       = optional(string, "Default")
      severities = map(string)
    })), {})
  }))
  nullable = false

  validation {
    condition     = length(var.instances) > 0
    error_message = "instances must have at least one: without it there is nothing to call."
  }

  validation {
    condition     = alltrue([for instance in values(var.instances) : length(instance.deployments) > 0])
    error_message = "Each instance needs at least one deployment."
  }

  validation {
    condition     = alltrue([for instance in values(var.instances) : can(regex("^[a-z]+[0-9]?$", instance.location))])
    error_message = "location of an instance must be a region by its short name, as swedencentral."
  }

  validation {
    condition = length(distinct(flatten([for instance in values(var.instances) : [
      for name, deployment in instance.deployments : "${name}=${deployment.model}"
    ]]))) == length(distinct(flatten([for instance in values(var.instances) : keys(instance.deployments)])))
    error_message = "Deployments of the same name must have the same model in all instances: a pool sends calls to either."
  }

  validation {
    condition     = !contains(keys(var.instances), "main")
    error_message = "No instance may be called main: that is the pool of all instances."
  }
}

variable "suffix" {
  description = "Up to 6 lower-case letters and digits at the end of names that must be unique in all of Azure, for example those of accounts. Change it if a name is taken."
  type        = string
  nullable    = false
  default     = ""
}

variable "company" {
  description = "Value of the tag Company."
  type        = string
  nullable    = false
  default     = "none"

  validation {
    condition     = length(var.company) >= 1 && length(var.company) <= 256
    error_message = "company must have 1 to 256 characters, as Azure allows for tags."
  }
}

variable "tags" {
  description = "Further tags of every resource, besides Company, Environment, Project and ManagedBy."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = length(var.tags) <= 46 && alltrue([for key, value in var.tags : !can(regex("[<>%&\\\\?/]", key)) && length(key) <= 128 && length(value) <= 256])
    error_message = "tags must be at most 46, with keys of at most 128 characters without < > % & \\ ? / (Azure's rule, and storage accounts') and values of at most 256."
  }
}

variable "address_space" {
  description = "Addresses of the virtual network: an IPv4 range of /24 or larger that no peered network uses."
  type        = string
  nullable    = false
  default     = "10.0.0.0/16"
}

variable "existing_network" {
  description = <<-TEXT
    A virtual network that exists, and its subnets; null to make a network. `endpoints_subnet_id` is for private endpoints. `apps_subnet_id` is for the gateway and delegated to Microsoft.App/environments; on AKS it is
    `nodes_subnet_id`, which is not delegated. With an `edge`, `edge_subnet_id` is delegated to Microsoft.Network/applicationGateways, and `edge_range` has its addresses. Security groups, routes and peerings stay their
    owner's task. `address_space` is not used then.
  TEXT
  type = object({
    virtual_network_id  = string
    endpoints_subnet_id = string
    apps_subnet_id      = optional(string)
    nodes_subnet_id     = optional(string)
    edge_subnet_id      = optional(string)
    edge_range          = optional(string)
  })
  default = null

  validation {
    condition     = var.existing_network == null || var.gateway == null || var.platform == "aks" || try(var.existing_network.apps_subnet_id, null) != null
    error_message = "existing_network needs apps_subnet_id, a subnet that is delegated to Microsoft.App/environments."
  }

  validation {
    condition     = try(var.existing_network.edge_range, null) == null || can(cidrnetmask(var.existing_network.edge_range))
    error_message = "edge_range must be the IPv4 range of the edge's subnet, as 10.0.2.0/24."
  }
}

variable "existing_zone_ids" {
  description = "Private DNS zones that exist and are linked to the network, by what they are for (`openai`, `events`, ...). A wrong name is refused, with the names that are needed. All other zones are made."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "hub" {
  description = "A virtual network to peer with; null for none. `use_gateways` sends traffic through its VPN or ExpressRoute gateway. `both_directions` also makes the peering of the hub, which must be in the same subscription."
  type = object({
    virtual_network_id = string
    use_gateways       = optional(bool, false)
    both_directions    = optional(bool, true)
  })
  default = null
}

variable "callers" {
  description = "Address ranges outside the virtual network from which the gateway may be called, as those of peered networks."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "tenants" {
  description = "Tenants of Microsoft Entra ID that have the gateway's callers: `az account show --query tenantId`."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.tenants) > 0 && alltrue([for tenant in var.tenants : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", tenant))])
    error_message = "tenants must be at least one id in lower case, as 11111111-2222-3333-4444-555555555555."
  }
}

variable "audiences" {
  description = "What callers' tokens are for: application ids of registrations (docs/entra.md), or Azure's own audience. Null: Azure's own audience, or with `entra` only that registration."
  type        = list(string)
  default     = null

  validation {
    condition     = var.audiences == null ? true : length(var.audiences) > 0
    error_message = "audiences must have at least one."
  }
}

variable "entra" {
  description = <<-TEXT
    Makes the registration that callers' tokens are for; null to use one that exists. It has an app role for each workload (NAME.Use) and for roles of the management API, and clients of the command line and the console.
    `workload_members` and `admin_members` say who gets which role: by workload or role, then object ids under names of your choice. `pipelines` call the gateway with federated credentials: issuer and subject of their
    service's tokens, and the workloads that they may use. The identity that applies it needs the role Application Administrator in Entra.
  TEXT
  type = object({
    identifier_uri   = optional(string)
    group_claims     = optional(string, "SecurityGroup")
    workload_members = optional(map(map(string)), {})
    admin_members = optional(object({
      viewer   = optional(map(string), {})
      auditor  = optional(map(string), {})
      operator = optional(map(string), {})
    }), {})
    azure_cli_enabled = optional(bool, true)
    console_urls      = optional(set(string), [])
    pipelines = optional(map(object({
      issuer    = string
      subject   = string
      workloads = set(string)
    })), {})
  })
  default = null
}

variable "workloads" {
  description = "Use cases by name: which callers (`[{ user = \"OBJECT-ID\" }]`, `app`, `group`, `role`, ... as in docs/configuration.md) may use which deployments."
  type = map(object({
    callers     = optional(list(map(string)), [])
    deployments = list(string)
  }))
  nullable = false

  validation {
    condition     = length(var.workloads) > 0 && alltrue([for workload in values(var.workloads) : (var.entra != null || length(workload.callers) > 0) && length(workload.deployments) > 0])
    error_message = "workloads must have at least one, each with deployments, and with callers where there is no entra: without them, no call is allowed."
  }

  validation {
    condition = alltrue(flatten([for workload in values(var.workloads) : [
      for deployment in workload.deployments : anytrue([for instance in values(var.instances) : contains(keys(instance.deployments), deployment)])
    ]]))
    error_message = "workloads name a deployment that no instance has."
  }
}

variable "ledger" {
  description = <<-TEXT
    Sends records of calls to Data Explorer, through Event Hubs; null for none. `bodies` also sends prompts and completions. `capacity` are throughput units of Event Hubs. `retention_days` is how
    long Data Explorer may be away. `cluster_sku` is the machines of Data Explorer: the default has one machine and no promise of availability.
  TEXT
  type = object({
    bodies         = optional(bool, false)
    capacity       = optional(number, 1)
    partitions     = optional(number, 4)
    retention_days = optional(number, 7)
    cluster_sku    = optional(object({ name = string, capacity = number }), { name = "Dev(No SLA)_Standard_E2a_v4", capacity = 1 })
  })
  default = null
}

variable "observability" {
  description = <<-TEXT
    Makes Log Analytics, Application Insights, diagnostic settings of everything that has them, alerts and a workbook; null for none. `emails` and `webhooks` get the alerts, under names of your choice. `budget` is the cost
    in Azure for each month, beginning with a month as 2026-12. `private_link_enabled` sends telemetry through the network. Read the description of the module's `private_link` first: a network can have only one scope.
  TEXT
  type = object({
    retention_days              = optional(number, 90)
    daily_gigabytes             = optional(number, -1)
    emails                      = optional(map(string), {})
    webhooks                    = optional(map(string), {})
    private_link_enabled        = optional(bool, false)
    query_from_internet_enabled = optional(bool, true)
    budget                      = optional(object({ amount = number, from = string }))
    thresholds = optional(object({
      failed_percent          = optional(number, 5)
      instance_failed_percent = optional(number, 50)
      feed_lag_seconds        = optional(number, 900)
    }), {})
  })
  default = null
}

variable "edge" {
  description = <<-TEXT
    Puts Application Gateway in front of the gateway; null for none. `host` is the name that callers use, `certificate_id` its certificate (https://VAULT.vault.azure.net/secrets/NAME, without a version), `vault_id` the key
    vault that has it (default: the one that `vault` makes). `backend_host` is the gateway's own name in the network, if it does not run here. The edge listens on a private address, and with `public_enabled` on a public
    one. After `request_seconds` without a byte of the answer, a request ends with 504. `firewall` adds Microsoft's rules for addresses and headers. `capacity` are the fewest and most instances, `zones` the availability
    zones.
  TEXT
  type = object({
    host            = string
    certificate_id  = string
    vault_id        = optional(string)
    backend_host    = optional(string)
    private_address = optional(string)
    public_enabled  = optional(bool, false)
    request_seconds = optional(number, 1860)
    firewall        = optional(object({ mode = optional(string, "Prevention") }))
    capacity        = optional(object({ minimum = optional(number, 1), maximum = optional(number, 5) }), {})
    zones           = optional(set(string), [])
  })
  default = null

  validation {
    condition     = var.edge == null || var.gateway != null || try(var.edge.backend_host, null) != null
    error_message = "edge has nothing to lead to: set gateway, or backend_host of edge to the name of a gateway that you run elsewhere."
  }

  validation {
    condition     = var.edge == null || var.vault != null || try(var.edge.vault_id, null) != null
    error_message = "edge needs vault_id, the key vault with its certificate: az keyvault show --name NAME --query id. Or set vault = {} to make one for it."
  }

  validation {
    condition     = var.edge == null || var.existing_network == null ? true : var.existing_network.edge_subnet_id != null && var.edge.private_address != null
    error_message = "With existing_network, edge needs the network's edge_subnet_id and a private_address that is free in it."
  }
}

variable "admin_roles" {
  description = "People and applications with a role of the management API: `viewer` reads figures, `auditor` also bodies, `operator` reads figures and gives orders. Each is a list of caller rules, as [{ user = \"OBJECT-ID\" }]. With `entra`, those who have its roles have access too."
  type = object({
    viewer   = optional(list(map(string)), [])
    auditor  = optional(list(map(string)), [])
    operator = optional(list(map(string)), [])
  })
  nullable = false
  default  = {}

  validation {
    condition     = var.entra != null || length(var.admin_roles.viewer) + length(var.admin_roles.auditor) > 0
    error_message = "admin_roles needs a viewer or an auditor where there is no entra: without one, usage and records could not be read."
  }
}
