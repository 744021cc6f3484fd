variable "name" {
  description = "Name of the Redis, unique in its region: 3 to 60 lower-case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 60 && can(regex("^[a-z0-9](?:-?[a-z0-9]){2,59}$", var.name))
    error_message = "name of a Redis must be 3 to 60 lower-case letters, digits and single hyphens."
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
  description = "Private DNS zone privatelink.redis.azure.net."
  type        = string
  nullable    = false
}

variable "object_id" {
  description = "Object (principal) id of the identity that signs in."
  type        = string
  nullable    = false
}

variable "sku" {
  description = "SKU, at most of 25 GB since the data are not divided among nodes: Balanced_B0 to Balanced_B20, and their like."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(?:Balanced_B(?:0|1|3|5|10|20)|ComputeOptimized_X(?:3|5|10|20)|MemoryOptimized_M(?:10|20))$", var.sku))
    error_message = "sku must be Balanced_B0, B1, B3, B5, B10, B20, ComputeOptimized_X3, X5, X10, X20, MemoryOptimized_M10 or M20: larger ones are clusters."
  }
}

variable "high_availability_enabled" {
  description = "True keeps a second node, which takes over. Without it, limits fall back to each replica's share while the only node is away."
  type        = bool
  nullable    = false
  default     = true
}

variable "persistence_enabled" {
  description = "True writes every change to disk within a second. Without it, replicas report again what they know after data were lost."
  type        = bool
  nullable    = false
  default     = true
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
