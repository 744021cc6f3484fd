variable "account_id" {
  description = "The account that has the deployment."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the deployment: what clients write as the model."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{1,63}$", var.name))
    error_message = "Names of deployments must be 2 to 64 letters, digits, dots, hyphens and underscores."
  }
}

variable "deployment" {
  description = "Model and capacity: thousands of tokens per minute, or units (PTU) where the SKU is provisioned."
  type = object({
    model          = string
    version        = string
    sku            = string
    capacity       = number
    content_filter = optional(string)
  })
  nullable = false

  validation {
    condition = contains([
      "Standard", "DataZoneStandard", "GlobalStandard", "GlobalBatch", "DataZoneBatch",
      "ProvisionedManaged", "DataZoneProvisionedManaged", "GlobalProvisionedManaged",
    ], var.deployment.sku)
    error_message = "sku must be Standard, DataZoneStandard, GlobalStandard, GlobalBatch, DataZoneBatch, ProvisionedManaged, DataZoneProvisionedManaged or GlobalProvisionedManaged."
  }

  validation {
    condition     = var.deployment.capacity >= 1 && floor(var.deployment.capacity) == var.deployment.capacity
    error_message = "capacity must be a whole number from 1: thousands of tokens per minute, or units (PTU)."
  }
}
