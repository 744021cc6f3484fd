variable "name" {
  description = "Name of the vault, unique in all of Azure: 3 to 24 letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 24 && can(regex("^[A-Za-z](?:-?[A-Za-z0-9]){2,23}$", var.name))
    error_message = "name of a vault must be 3 to 24 letters, digits and single hyphens, and begin with a letter."
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
  description = "Private DNS zone privatelink.vaultcore.azure.net."
  type        = string
  nullable    = false
}

variable "tenant_id" {
  description = "Tenant of the subscription."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that a deleted secret, or the deleted vault, can be brought back. They cannot be shortened."
  type        = number
  nullable    = false
  default     = 90

  validation {
    condition     = var.retention_days >= 7 && var.retention_days <= 90 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number from 7 to 90."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
