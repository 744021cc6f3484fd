variable "name" {
  description = "Name of the registry, unique in all of Azure: 5 to 50 letters and digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9]{5,50}$", var.name))
    error_message = "name of a registry must be 5 to 50 letters and digits."
  }
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

variable "subnet_id" {
  description = "Subnet of the private endpoint."
  type        = string
  nullable    = false
}

variable "zone_id" {
  description = "Private DNS zone privatelink.azurecr.io."
  type        = string
  nullable    = false
}

variable "zone_redundancy_enabled" {
  description = "True spreads the registry over the zones of the region."
  type        = bool
  nullable    = false
  default     = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
