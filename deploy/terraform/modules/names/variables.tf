variable "project" {
  description = "Short name of the system: 2 to 10 lower-case letters and digits, the first a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.project))
    error_message = "project must be 2 to 10 lower-case letters and digits, and begin with a letter: names of resources are made from it."
  }
}

variable "environment" {
  description = "Stage: 2 to 6 lower-case letters and digits, as dev, test, prod."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{2,6}$", var.environment))
    error_message = "environment must be 2 to 6 lower-case letters and digits, as dev or prod."
  }
}

variable "suffix" {
  description = "Up to 6 lower-case letters and digits for names that are unique in all of Azure."
  type        = string
  nullable    = false
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9]{0,6}$", var.suffix))
    error_message = "suffix must be at most 6 lower-case letters and digits, as 4f2a."
  }
}

variable "instances" {
  description = "Names of Azure OpenAI instances."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for name in var.instances : can(regex("^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$", name))])
    error_message = "Names of instances must be at most 24 lower-case letters, digits and hyphens, with a letter or digit at both ends: they are part of host names."
  }
}
