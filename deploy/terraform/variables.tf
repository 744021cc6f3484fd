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
    Azure OpenAI instances by name. Each becomes an account with a private endpoint; its deployments are made one after another, in the order of `step` (1 to 6, each once).
    `kind` is OpenAI or AIServices. `capacity` is thousands of tokens per minute, or units (PTU) where `sku` is provisioned. `content_filter` names a policy of the account.
  TEXT
  type = map(object({
    location = string
    kind     = optional(string, "OpenAI")
    deployments = map(object({
      step           = number
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
