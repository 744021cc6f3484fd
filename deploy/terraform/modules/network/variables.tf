variable "name" {
  description = "Name of the virtual network."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group of everything here."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region, as swedencentral."
  type        = string
  nullable    = false
}

variable "address_space" {
  description = "Addresses of the virtual network, /24 or larger. Subnets are cut from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.address_space)) && try(tonumber(split("/", var.address_space)[1]) <= 24, false)
    error_message = "address_space must be an IPv4 range of /24 or larger, as 10.0.0.0/16."
  }
}

variable "callers" {
  description = "Address ranges from which the gateway may be called, as those of offices or peered networks. The virtual network itself always may."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for range in var.callers : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "callers must be IPv4 ranges, as 10.20.0.0/16, and none may be the whole internet."
  }
}

variable "zones" {
  description = "Private DNS zones by what they are for: { openai = \"privatelink.openai.azure.com\" }."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for zone in values(var.zones) : startswith(zone, "privatelink.")])
    error_message = "Zones of private endpoints begin with privatelink."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
