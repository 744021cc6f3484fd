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
  description = "Azure region of everything but the instances, as swedencentral."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+[0-9]?$", var.location))
    error_message = "location must be a region by its short name, as swedencentral: az account list-locations --query [].name"
  }
}

variable "instances" {
  description = <<-TEXT
    Azure OpenAI instances by name, all of them members of the gateway's pool `main`; a lower `priority` is used first. Each becomes an account with a private endpoint; its deployments are made one after another.
    `kind` is OpenAI or AIServices. `capacity` is thousands of tokens per minute, or units (PTU) where `sku` is provisioned. `content_filter` names a policy of the account.
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
    }))
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
  description = "Up to 6 lower-case letters and digits for names that are unique in all of Azure: those of accounts, for example. Change it where a name is taken."
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
  description = "Addresses of the virtual network: an IPv4 range of /24 or larger that no peered network has."
  type        = string
  nullable    = false
  default     = "10.0.0.0/16"
}

variable "callers" {
  description = "Address ranges outside the virtual network from which the gateway may be called, as those of peered networks."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "tenants" {
  description = "Tenants of Microsoft Entra ID with the callers of the gateway: `az account show --query tenantId`."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.tenants) > 0 && alltrue([for tenant in var.tenants : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", tenant))])
    error_message = "tenants must be at least one id in lower case, as 11111111-2222-3333-4444-555555555555."
  }
}

variable "audiences" {
  description = "What callers' tokens are for: the application id of the gateway's registration (docs/entra.md), or Azure's own audience."
  type        = list(string)
  nullable    = false
  default     = ["https://cognitiveservices.azure.com"]

  validation {
    condition     = length(var.audiences) > 0
    error_message = "audiences must have at least one."
  }
}

variable "workloads" {
  description = "Use cases by name: who may call (`[{ user = \"OBJECT-ID\" }]`, `app`, `group`, `role`, ... as in docs/configuration.md) and which deployments."
  type = map(object({
    callers     = list(map(string))
    deployments = list(string)
  }))
  nullable = false

  validation {
    condition     = length(var.workloads) > 0 && alltrue([for workload in values(var.workloads) : length(workload.callers) > 0 && length(workload.deployments) > 0])
    error_message = "workloads must have at least one, each with callers and deployments: nobody may call otherwise."
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
    Records of calls in Data Explorer, by way of Event Hubs; null for none. `bodies` ships prompts and completions as well. `capacity` are throughput units of Event Hubs, `retention_days` how
    long Data Explorer may be away, `cluster_sku` the machines of Data Explorer: the default has one and no promise of availability.
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

variable "admin_roles" {
  description = "Who may see usage and records: `viewer` figures, `auditor` bodies as well, `operator` figures and acts. Each is a list of caller rules, as [{ user = \"OBJECT-ID\" }]."
  type = object({
    viewer   = optional(list(map(string)), [])
    auditor  = optional(list(map(string)), [])
    operator = optional(list(map(string)), [])
  })
  nullable = false

  validation {
    condition     = length(var.admin_roles.viewer) + length(var.admin_roles.auditor) > 0
    error_message = "admin_roles needs somebody in viewer or auditor: nobody could read usage or records otherwise."
  }
}
