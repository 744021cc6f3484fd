variable "event_hubs_name" {
  description = "Name of the Event Hubs namespace, unique in all of Azure."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Name of the Data Explorer cluster, unique in all of Azure."
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

variable "subnet_id" {
  description = "Subnet of the private endpoints."
  type        = string
  nullable    = false
}

variable "event_hubs_zone_id" {
  description = "Private DNS zone privatelink.servicebus.windows.net."
  type        = string
  nullable    = false
}

variable "cluster_zone_id" {
  description = "Private DNS zone privatelink.REGION.kusto.windows.net."
  type        = string
  nullable    = false
}

variable "capacity" {
  description = "Throughput units of the namespace: each takes 1 MB or 1,000 events per second."
  type        = number
  nullable    = false

  validation {
    condition     = var.capacity >= 1 && var.capacity <= 40 && floor(var.capacity) == var.capacity
    error_message = "capacity must be a whole number from 1 to 40."
  }
}

variable "partitions" {
  description = "Partitions of the hub. Their number is fixed once it is made."
  type        = number
  nullable    = false

  validation {
    condition     = var.partitions >= 1 && var.partitions <= 32 && floor(var.partitions) == var.partitions
    error_message = "partitions must be a whole number from 1 to 32."
  }
}

variable "retention_days" {
  description = "Days that the hub keeps events that were not read: so long Data Explorer may be away."
  type        = number
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 7 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number from 1 to 7, as the Standard tier allows."
  }
}

variable "cluster_sku" {
  description = "SKU of the cluster and number of its machines."
  type = object({
    name     = string
    capacity = number
  })
  nullable = false

  validation {
    condition     = var.cluster_sku.capacity >= (startswith(var.cluster_sku.name, "Dev(No SLA)_") ? 1 : 2)
    error_message = "A cluster needs two machines or more, except one of the SKUs Dev(No SLA)_..., which has one."
  }
}

variable "kusto_directory" {
  description = "Directory with the scripts of the database: deploy/kusto."
  type        = string
  nullable    = false

  validation {
    condition     = alltrue([for script in ["1-tables", "2-policies", "3-functions"] : fileexists("${var.kusto_directory}/${script}.kql")])
    error_message = "kusto_directory must have 1-tables.kql, 2-policies.kql and 3-functions.kql."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
