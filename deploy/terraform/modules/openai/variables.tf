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
  description = "Deployments by name, with the step in which each is made (1 to 6)."
  type = map(object({
    step           = number
    model          = string
    version        = string
    sku            = string
    capacity       = number
    content_filter = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : contains([1, 2, 3, 4, 5, 6], deployment.step)])
    error_message = "step must be a whole number from 1 to 6."
  }

  validation {
    condition     = length(distinct([for deployment in values(var.deployments) : deployment.step])) == length(var.deployments)
    error_message = "Each deployment of an account needs a step of its own: Azure refuses two that are made at the same time (409 RequestConflict)."
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
