variable "name" {
  description = "Name of the virtual network."
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

variable "address_space" {
  description = "Addresses of the virtual network, /24 or larger. Subnets are cut from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.address_space)) && try(tonumber(split("/", var.address_space)[1]) <= 24, false)
    error_message = "address_space must be an IPv4 range of /24 or larger, as 10.0.0.0/16."
  }
}

variable "callers" {
  description = "Address ranges from which the gateway may be called, as those of offices or peered networks. The virtual network itself always may."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for range in var.callers : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "callers must be IPv4 ranges, as 10.20.0.0/16, and none may be the whole internet."
  }
}

variable "zones" {
  description = "Private DNS zones by what they are for: { openai = \"privatelink.openai.azure.com\" }."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for zone in values(var.zones) : startswith(zone, "privatelink.")])
    error_message = "Zones of private endpoints begin with privatelink."
  }
}

variable "existing" {
  description = <<-TEXT
    A virtual network that is there already, and its subnets: one for private endpoints, one for the gateway (delegated to Microsoft.App/environments for Container Apps, not delegated for the nodes of AKS), and one
    that is delegated to Microsoft.Network/applicationGateways where there is an edge, with its addresses. Their security groups, routes and peerings are their owner's; null to make a network.
  TEXT
  type = object({
    virtual_network_id  = string
    endpoints_subnet_id = string
    apps_subnet_id      = optional(string)
    nodes_subnet_id     = optional(string)
    edge_subnet_id      = optional(string)
    edge_range          = optional(string)
  })
  default = null

  validation {
    condition = alltrue([for id in [
      try(var.existing.endpoints_subnet_id, null), try(var.existing.apps_subnet_id, null), try(var.existing.nodes_subnet_id, null),
      try(var.existing.edge_subnet_id, null),
    ] : id == null || try(startswith(lower(id), "${lower(var.existing.virtual_network_id)}/subnets/"), false)])
    error_message = "Subnets of existing must be of its virtual network: az network vnet subnet list --query [].id"
  }
}

variable "existing_zone_ids" {
  description = "Private DNS zones that are there already, by the names of zones. Each must be linked to the virtual network by its owner."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for key, id in var.existing_zone_ids : contains(keys(var.zones), key)])
    error_message = "existing_zone_ids has a zone that nothing here needs. Names of zones that are needed: ${join(", ", keys(var.zones))}."
  }

  validation {
    condition     = alltrue([for key, id in var.existing_zone_ids : endswith(lower(id), lower("/privateDnsZones/${lookup(var.zones, key, "")}"))])
    error_message = "Each of existing_zone_ids must be the id of a zone of the right name: ${join(", ", [for key, zone in var.zones : "${key} is ${zone}"])}."
  }
}

variable "edge" {
  description = "Makes a subnet for Application Gateway; null for none. With public_enabled its security group lets Azure's gateway manager in."
  type = object({
    public_enabled = bool
  })
  default = null
}

variable "hub" {
  description = "A virtual network to peer with, in the same subscription where both_directions is true; null for none. use_gateways sends traffic through its VPN or ExpressRoute gateway."
  type = object({
    virtual_network_id = string
    use_gateways       = optional(bool, false)
    both_directions    = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.hub == null || can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+$", var.hub.virtual_network_id))
    error_message = "hub.virtual_network_id must be the id of a virtual network: az network vnet show --query id"
  }

  validation {
    condition     = var.hub == null || var.existing == null
    error_message = "A network that is there already is peered by its owner: leave hub out."
  }
}

variable "nodes" {
  description = "A subnet for the nodes of an AKS cluster instead of the one for Container Apps, and the addresses of its pods; null for none."
  type = object({
    pod_range = string
  })
  default = null
}

variable "behind_edge" {
  description = "True where callers reach the gateway through the edge alone, whose X-Forwarded-For it takes."
  type        = bool
  nullable    = false
  default     = false

  validation {
    condition     = !var.behind_edge || var.edge != null || var.existing != null
    error_message = "behind_edge needs an edge: without one, no caller reaches the gateway."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
