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
