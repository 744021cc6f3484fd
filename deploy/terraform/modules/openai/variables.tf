variable "name" {
  description = "Name of the account and its subdomain, unique in all of Azure."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group of everything here."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region of the account, as swedencentral."
  type        = string
  nullable    = false
}

variable "kind" {
  description = "OpenAI, or AIServices for a Foundry resource."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["OpenAI", "AIServices"], var.kind)
    error_message = "kind must be OpenAI or AIServices."
  }
}

variable "deployments" {
  description = "Deployments by name, which is what clients write as the model. Capacity is thousands of tokens per minute, or units (PTU) where the SKU is provisioned."
  type = map(object({
    model          = string
    version        = string
    sku            = string
    capacity       = number
    content_filter = optional(string)
    spill_over_to  = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.deployments) : can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{1,63}$", name))])
    error_message = "Names of deployments must be 2 to 64 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition = alltrue([for deployment in values(var.deployments) : contains([
      "Standard", "DataZoneStandard", "GlobalStandard", "GlobalBatch", "DataZoneBatch",
      "ProvisionedManaged", "DataZoneProvisionedManaged", "GlobalProvisionedManaged",
    ], deployment.sku)])
    error_message = "sku must be Standard, DataZoneStandard, GlobalStandard, GlobalBatch, DataZoneBatch, ProvisionedManaged, DataZoneProvisionedManaged or GlobalProvisionedManaged."
  }

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : deployment.capacity >= 1 && floor(deployment.capacity) == deployment.capacity])
    error_message = "capacity must be a whole number from 1: thousands of tokens per minute, or units (PTU)."
  }

  validation {
    condition = alltrue([for deployment in values(var.deployments) : deployment.spill_over_to == null ? true : (
      strcontains(deployment.sku, "Provisioned") &&
      try(endswith(var.deployments[deployment.spill_over_to].sku, "Standard"), false) &&
      try(var.deployments[deployment.spill_over_to].model == deployment.model, false) &&
      try(var.deployments[deployment.spill_over_to].version == deployment.version, false)
    )])
    error_message = "spill_over_to is for a provisioned deployment, and names a Standard one (also DataZoneStandard, GlobalStandard) of the same account, model and version."
  }

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : deployment.content_filter == null ? true : startswith(deployment.content_filter, "Microsoft.") || contains(keys(var.content_filters), deployment.content_filter)])
    error_message = "content_filter must be a policy of content_filters of the same instance, or one of Microsoft's own, as Microsoft.DefaultV2."
  }
}

variable "content_filters" {
  description = <<-TEXT
    Content-filter policies of the account by name, for `content_filter` of deployments. `severities` has the least severity that is refused, by category: Hate, Sexual, Violence, Selfharm;
    Low refuses most. What a policy does not name (jailbreaks, protected material, categories) is as in `base`.
  TEXT
  type = map(object({
    base       = optional(string, "Microsoft.DefaultV2")
    mode       = optional(string, "Default")
    severities = map(string)
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for name in keys(var.content_filters) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{1,63}$", name)) && !startswith(name, "Microsoft")])
    error_message = "Names of content_filters must be 2 to 64 letters, digits, hyphens and underscores, and must not begin with Microsoft."
  }

  validation {
    condition     = alltrue([for filter in values(var.content_filters) : contains(["Default", "Deferred", "Blocking", "Asynchronous_filter"], filter.mode)])
    error_message = "mode of a content filter must be Default, Blocking, Deferred or Asynchronous_filter."
  }

  validation {
    condition     = alltrue([for filter in values(var.content_filters) : length(filter.severities) > 0 && length(setsubtract(keys(filter.severities), ["Hate", "Sexual", "Violence", "Selfharm"])) == 0])
    error_message = "severities of a content filter must have at least one of Hate, Sexual, Violence and Selfharm, and nothing else."
  }

  validation {
    condition     = alltrue(flatten([for filter in values(var.content_filters) : [for severity in values(filter.severities) : contains(["Low", "Medium", "High"], severity)]]))
    error_message = "Each of severities must be Low, Medium or High: what is as severe or more is refused."
  }
}

variable "endpoint_location" {
  description = "Azure region of the private endpoint: that of the virtual network."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet of the private endpoint."
  type        = string
  nullable    = false
}

variable "zone_ids" {
  description = "Private DNS zones that get the endpoint's address."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.zone_ids) > 0
    error_message = "Without a private DNS zone the account's host name leads to its public address, which is closed."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
