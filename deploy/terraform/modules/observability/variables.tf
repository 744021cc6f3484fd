variable "workspace_name" {
  description = "Name of the Log Analytics workspace."
  type        = string
  nullable    = false
}

variable "insights_name" {
  description = "Name of Application Insights."
  type        = string
  nullable    = false
}

variable "action_group_name" {
  description = "Name of the action group."
  type        = string
  nullable    = false
}

variable "alert_prefix" {
  description = "Names of alerts begin with it."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group of everything here."
  type        = string
  nullable    = false
}

variable "resource_group_id" {
  description = "Resource group that the budget is for."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region, as swedencentral."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that telemetry and logs are kept."
  type        = number
  nullable    = false
  default     = 90

  validation {
    condition     = contains([30, 60, 90, 120, 180, 270, 365, 550, 730], var.retention_days)
    error_message = "retention_days must be 30, 60, 90, 120, 180, 270, 365, 550 or 730, as Application Insights allows."
  }
}

variable "daily_gigabytes" {
  description = "Gigabytes a day after which the workspace takes nothing more until the next day; -1 for no end."
  type        = number
  nullable    = false
  default     = -1

  validation {
    condition     = var.daily_gigabytes == -1 || var.daily_gigabytes >= 0.1
    error_message = "daily_gigabytes must be 0.1 or more, or -1 for no end."
  }
}

variable "monitored" {
  description = "Resources with diagnostic settings, by a name of your choice. Some have logs or metrics alone; log_categories are those of its logs that are kept, null for all."
  type = map(object({
    id              = string
    logs_enabled    = optional(bool, true)
    log_categories  = optional(set(string))
    metrics_enabled = optional(bool, true)
  }))
  nullable = false

  validation {
    condition     = alltrue([for each in values(var.monitored) : each.logs_enabled || each.metrics_enabled])
    error_message = "A diagnostic setting needs logs, metrics or both."
  }
}

variable "private_link" {
  description = <<-TEXT
    A private link scope, so that telemetry goes through the network; null for none. `zone_ids` are those of the five zones of Azure Monitor. A network has room for one scope: where it, or one that shares its
    DNS, has one already, this one takes its place. With query_from_internet_enabled people read from anywhere, with Entra.
  TEXT
  type = object({
    name                        = string
    subnet_id                   = string
    zone_ids                    = list(string)
    query_from_internet_enabled = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.private_link == null ? true : length(var.private_link.zone_ids) == 5
    error_message = "private_link needs the five zones: privatelink.monitor.azure.com, privatelink.oms.opinsights.azure.com, privatelink.ods.opinsights.azure.com, privatelink.agentsvc.azure-automation.net and privatelink.blob.core.windows.net."
  }
}

variable "emails" {
  description = "Receivers of alerts: addresses by a name of your choice."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for address in values(var.emails) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "Each of emails must be an address, as oncall@contoso.com."
  }
}

variable "webhooks" {
  description = "Programs that get alerts: addresses by a name of your choice."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for address in values(var.webhooks) : startswith(address, "https://")])
    error_message = "Each of webhooks must begin with https://."
  }
}

variable "thresholds" {
  description = "When alerts fire: failed_percent of a workload's calls, instance_failed_percent of the tries on an instance, feed_lag_seconds from the end of a call to its record elsewhere."
  type = object({
    failed_percent          = optional(number, 5)
    instance_failed_percent = optional(number, 50)
    feed_lag_seconds        = optional(number, 900)
  })
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for percent in [var.thresholds.failed_percent, var.thresholds.instance_failed_percent] : percent > 0 && percent < 100])
    error_message = "failed_percent and instance_failed_percent must be above 0 and below 100."
  }

  validation {
    condition     = var.thresholds.feed_lag_seconds >= 60
    error_message = "feed_lag_seconds must be 60 or more: Application Insights itself takes a minute or two."
  }
}

variable "budget" {
  description = "What Azure may charge for the resource group each month, in the currency of the subscription, from a month as 2026-12; null for no budget. Alerts come at 80 % and where 100 % is forecast: it stops nothing."
  type = object({
    amount = number
    from   = string
  })
  default = null

  validation {
    condition     = var.budget == null ? true : var.budget.amount >= 1 && can(regex("^20[0-9]{2}-(0[1-9]|1[0-2])$", var.budget.from))
    error_message = "budget needs an amount of 1 or more, and the month that it begins with, as 2026-12: this one or a later one."
  }
}

variable "cluster" {
  description = "Data Explorer, for an alert and for the workbook: its id, and its name with the region, as gatehouse.swedencentral. Null for none."
  type = object({
    id   = string
    name = string
  })
  default = null
}

variable "application_gateway" {
  description = "Application Gateway before the gateway, for an alert when no replica answers it; null for none."
  type        = object({ id = string })
  default     = null
}

variable "kubernetes" {
  description = "AKS cluster of the gateway, for an alert when a replica finds no node; null for none."
  type        = object({ id = string })
  default     = null
}

variable "event_hubs_enabled" {
  description = "True where records go to Event Hubs, so that their absence is an alert."
  type        = bool
  nullable    = false
}

variable "vault_enabled" {
  description = "True where there is a key vault, so that an end of its certificates is an alert."
  type        = bool
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
