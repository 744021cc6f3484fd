variable "name" {
  description = "Name of the cluster, the first part of its API server's name: 1 to 54 letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9](?:[A-Za-z0-9-]{0,52}[A-Za-z0-9])?$", var.name))
    error_message = "name of a cluster must be 1 to 54 letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "cluster_identity_name" {
  description = "Name of the identity with which the cluster changes the network."
  type        = string
  nullable    = false
}

variable "kubelet_identity_name" {
  description = "Name of the identity with which nodes pull images."
  type        = string
  nullable    = false
}

variable "nat_gateway_name" {
  description = "Name of the NAT gateway."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group of everything here. Azure puts nodes and disks into a second one, with -nodes at the end of its name."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.resource_group_name) <= 74
    error_message = "resource_group_name must have at most 74 characters: the group of the nodes has -nodes besides, and Azure allows 80."
  }
}

variable "location" {
  description = "Azure region, as swedencentral: that of the virtual network."
  type        = string
  nullable    = false
}

variable "tenant_id" {
  description = "Tenant of those who work on the cluster."
  type        = string
  nullable    = false
}

variable "admin_group_ids" {
  description = "Groups of Entra by object id, of those who may do everything in the cluster. There is no other access: local accounts are off."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.admin_group_ids) > 0 && alltrue([for id in var.admin_group_ids : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "admin_group_ids must be object ids of groups, at least one: az ad group show --group NAME --query id. Without one, nothing could be installed."
  }
}

variable "virtual_network_id" {
  description = "Virtual network that resolves the gateway's name and the API server's."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet of nodes, of the API server's endpoint and of the balancer's address; not delegated."
  type        = string
  nullable    = false
}

variable "private_address" {
  description = "Address of the subnet on which the balancer listens, as 10.0.3.250."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask("${var.private_address}/32"))
    error_message = "private_address must be an IPv4 address of the nodes' subnet, as 10.0.3.250."
  }
}

variable "api_server_zone_id" {
  description = "Private DNS zone privatelink.REGION.azmk8s.io, into which the cluster writes its API server's name."
  type        = string
  nullable    = false
}

variable "dns_zone_name" {
  description = "Private DNS zone that is made for the gateway's name, as gatehouse-prod.internal."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{1,63}(?:\\.[a-z0-9-]{1,63})+$", var.dns_zone_name))
    error_message = "dns_zone_name must be a name of two parts or more in lower case, as gatehouse-prod.internal."
  }
}

variable "identity_id" {
  description = "User-assigned identity that the gateway's pods sign in as."
  type        = string
  nullable    = false
}

variable "registries" {
  description = "Registries that nodes pull from: ids, by a name of your choice."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "namespace" {
  description = "Namespace of the chart's release."
  type        = string
  nullable    = false
  default     = "gatehouse"
}

variable "service_account" {
  description = "The pods' account, as the chart names it."
  type        = string
  nullable    = false
  default     = "gatehouse"
}

variable "kubernetes_version" {
  description = "Version of Kubernetes to begin with, as 1.33; null for the one that Azure recommends. Later the channel decides."
  type        = string
  default     = null

  validation {
    condition     = var.kubernetes_version == null || can(regex("^1\\.[0-9]{2}(?:\\.[0-9]+)?$", var.kubernetes_version))
    error_message = "kubernetes_version must be a version as 1.33 or 1.33.2: az aks get-versions --location REGION"
  }
}

variable "upgrade_channel" {
  description = "How Kubernetes is kept up to date: patch, stable (the minor version before the newest one), rapid, or null for by hand."
  type        = string
  default     = "stable"

  validation {
    condition     = var.upgrade_channel == null || contains(["patch", "stable", "rapid"], coalesce(var.upgrade_channel, "none"))
    error_message = "upgrade_channel must be patch, stable, rapid or null."
  }
}

variable "maintenance" {
  description = "When Azure may upgrade Kubernetes and nodes: a day of the week, a time as 02:00 with its offset, and hours."
  type = object({
    day        = optional(string, "Sunday")
    start_time = optional(string, "02:00")
    utc_offset = optional(string, "+00:00")
    hours      = optional(number, 4)
  })
  nullable = false
  default  = {}

  validation {
    condition     = contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], var.maintenance.day) && can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance.start_time)) && can(regex("^[+-](0[0-9]|1[0-4]):[0-5][0-9]$", var.maintenance.utc_offset))
    error_message = "maintenance needs a day as Sunday, a start_time as 02:00 and a utc_offset as +01:00."
  }

  validation {
    condition     = var.maintenance.hours >= 4 && var.maintenance.hours <= 24 && floor(var.maintenance.hours) == var.maintenance.hours
    error_message = "hours of maintenance must be a whole number from 4 to 24, as Azure allows."
  }
}

variable "sku_tier" {
  description = "Free (no promise of availability), Standard or Premium."
  type        = string
  nullable    = false
  default     = "Standard"

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.sku_tier)
    error_message = "sku_tier must be Free, Standard or Premium."
  }
}

variable "zones" {
  description = "Availability zones that nodes are spread over; none where the region has none."
  type        = set(string)
  nullable    = false
  default     = ["1", "2", "3"]

  validation {
    condition     = length(setsubtract(var.zones, ["1", "2", "3"])) == 0
    error_message = "zones must be of 1, 2 and 3."
  }
}

variable "system_nodes" {
  description = "Machines for what the cluster itself needs: their size, and how many there are at least and at most."
  type = object({
    size    = optional(string, "Standard_D2s_v5")
    minimum = optional(number, 2)
    maximum = optional(number, 3)
  })
  nullable = false
  default  = {}

  validation {
    condition     = var.system_nodes.minimum >= 1 && var.system_nodes.maximum <= 1000 && var.system_nodes.minimum <= var.system_nodes.maximum && startswith(var.system_nodes.size, "Standard_")
    error_message = "system_nodes needs a size as Standard_D2s_v5, a minimum from 1, and a maximum up to 1000 that is not below it."
  }
}

variable "gateway_nodes" {
  description = "Machines of the gateway's replicas: their size, and how many there are at least and at most."
  type = object({
    size    = optional(string, "Standard_D4s_v5")
    minimum = optional(number, 2)
    maximum = optional(number, 6)
  })
  nullable = false
  default  = {}

  validation {
    condition     = var.gateway_nodes.minimum >= 1 && var.gateway_nodes.maximum <= 1000 && var.gateway_nodes.minimum <= var.gateway_nodes.maximum && startswith(var.gateway_nodes.size, "Standard_")
    error_message = "gateway_nodes needs a size as Standard_D4s_v5, a minimum from 1, and a maximum up to 1000 that is not below it."
  }
}

variable "pod_range" {
  description = "Addresses of pods, which no network that the gateway reaches may have."
  type        = string
  nullable    = false
  default     = "192.168.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.pod_range)) && try(tonumber(split("/", var.pod_range)[1]) <= 20, false)
    error_message = "pod_range must be an IPv4 range of /20 or larger, as 192.168.0.0/16: each node takes a /24 of it."
  }
}

variable "service_range" {
  description = "Addresses of services in the cluster, which no network that the gateway reaches may have."
  type        = string
  nullable    = false
  default     = "172.30.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.service_range)) && try(tonumber(split("/", var.service_range)[1]) > 12 && tonumber(split("/", var.service_range)[1]) <= 24, false)
    error_message = "service_range must be an IPv4 range of /13 to /24, as 172.30.0.0/16."
  }
}

variable "outbound" {
  description = "How nodes reach Azure: nat_gateway makes one for the subnet; route takes what the network has, as a route to a firewall."
  type        = string
  nullable    = false
  default     = "nat_gateway"

  validation {
    condition     = contains(["nat_gateway", "route"], var.outbound)
    error_message = "outbound must be nat_gateway or route."
  }
}

variable "shutdown_grace_seconds" {
  description = "How long a replica that stops waits for calls in flight: nodes wait for it."
  type        = number
  nullable    = false
}

variable "drain_seconds" {
  description = "Time before that in which balancers learn that no new calls may come, `drainSeconds` of the chart."
  type        = number
  nullable    = false
  default     = 20
}

variable "workspace" {
  description = "Log Analytics workspace by its id, for logs of the pods; null for none."
  type        = object({ id = string })
  default     = null
}

variable "secrets_enabled" {
  description = "True mounts secrets of a key vault into pods."
  type        = bool
  nullable    = false
  default     = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
