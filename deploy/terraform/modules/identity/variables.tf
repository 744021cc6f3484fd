variable "name" {
  description = "Name of the identity."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group of the identity."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region, as swedencentral."
  type        = string
  nullable    = false
}

variable "roles" {
  description = "What the identity may do: a role on one resource, by a name of your choice."
  type = map(object({
    role  = string
    scope = string
  }))
  nullable = false

  validation {
    condition = alltrue([for grant in values(var.roles) : contains([
      "AcrPull",
      "Azure Event Hubs Data Sender",
      "Cognitive Services OpenAI User",
      "Cognitive Services User",
      "Key Vault Secrets User",
      "Monitoring Metrics Publisher",
    ], grant.role)])
    error_message = "The gateway needs no role but AcrPull, Azure Event Hubs Data Sender, Cognitive Services OpenAI User, Cognitive Services User, Key Vault Secrets User and Monitoring Metrics Publisher: roles that manage resources or read keys are refused."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
