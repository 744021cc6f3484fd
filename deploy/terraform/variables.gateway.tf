variable "platform" {
  description = "Where the gateway runs: container_apps, or aks, a Kubernetes cluster of its own (variable `aks`) with a disk for each replica. Terraform makes the cluster; the output `chart_install` is the command that installs the chart."
  type        = string
  nullable    = false
  default     = "container_apps"

  validation {
    condition     = contains(["container_apps", "aks"], var.platform)
    error_message = "platform must be container_apps or aks."
  }
}

variable "gateway" {
  description = <<-TEXT
    The gateway; null for none, if you run it elsewhere in the network. `image` is its image with a version: in the registry that is made here, or with the name of another registry. `cpu` is the number of cores of a replica.
    `journal_gib` is the size of the share, on AKS of each replica's disk. `secrets` are files beside the configuration, each with the name of a secret in the vault. Only on Container Apps: `ingress` is premium (streams of any
    length), http (each request ends after 240 s) or tcp (behind an application gateway). `journal` is nfs (a premium file share), or empty-dir: then records that no feed has sent are lost with the replica.
    `calls_per_replica` is the number of calls in flight from which another replica starts; AKS scales by CPU.
  TEXT
  type = object({
    image                   = string
    ingress                 = optional(string)
    replicas                = optional(object({ min = number, max = number }), { min = 2, max = 10 })
    calls_per_replica       = optional(number)
    cpu                     = optional(number, 1)
    shutdown_grace_seconds  = optional(number, 120)
    zone_redundancy_enabled = optional(bool, false)
    journal                 = optional(string)
    journal_gib             = optional(number, 100)
    secrets                 = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.gateway == null || var.redis != null || try(var.gateway.replicas.max, 1) == 1
    error_message = "More than one replica needs redis: each would allow the whole of every limit, and not know the objects that others have made. Set redis = {}, or replicas = { min = 1, max = 1 }."
  }

  validation {
    condition     = length(try(var.gateway.secrets, {})) == 0 || var.vault != null
    error_message = "secrets of the gateway are in the vault: set vault = {}."
  }

  validation {
    condition     = var.registry != null || can(regex("^[^/]*\\.[^/]*/", try(var.gateway.image, "a.b/c")))
    error_message = "image needs the name of its registry, as ghcr.io/contoso/gatehouse:0.1.0; or set registry = {} to make one."
  }

  validation {
    condition     = var.platform != "aks" || alltrue([for given in [try(var.gateway.ingress, null), try(var.gateway.journal, null), try(var.gateway.calls_per_replica, null)] : given == null])
    error_message = "ingress, journal and calls_per_replica of the gateway are of Container Apps: leave them out with platform = \"aks\", where a balancer passes connections on, each replica has a disk, and CPU decides."
  }

  # On Container Apps the module checks them.
  validation {
    condition = var.platform != "aks" || var.gateway == null ? true : alltrue([
      for number in [var.gateway.replicas.min, var.gateway.replicas.max, var.gateway.shutdown_grace_seconds, var.gateway.journal_gib] : number >= 1 && floor(number) == number
    ]) && var.gateway.replicas.min <= var.gateway.replicas.max && var.gateway.replicas.max <= 100 && var.gateway.shutdown_grace_seconds <= 3600 && var.gateway.cpu >= 0.25 && floor(var.gateway.cpu * 4) == var.gateway.cpu * 4
    error_message = "On AKS the gateway takes whole numbers for replicas (1 to 100, min not above max), shutdown_grace_seconds (1 to 3600) and journal_gib, and cpu in steps of 0.25."
  }

  validation {
    condition     = var.platform != "aks" || var.gateway == null || can(regex("(?::[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", try(var.gateway.image, ""))) && !endswith(try(var.gateway.image, ""), ":latest")
    error_message = "image must have a version or digest, as gatehouse:0.1.0. With :latest it would not be known what runs."
  }
}

variable "aks" {
  description = <<-TEXT
    The cluster, if `platform` is aks. `admin_group_ids` are groups of Entra whose members may do everything in it; there are no local accounts. `system_nodes` and `gateway_nodes` are its machines, over `zones`.
    `upgrade_channel` and `maintenance` say how and when Azure upgrades it. `disk_sku` is for the disks of the journals: Premium_ZRS and StandardSSD_ZRS survive the loss of a zone, Premium_LRS is for regions without them.
    `outbound` is nat_gateway (an address for outgoing connections only), or route: the network's own route, for example to a firewall; that is the default with `existing_network`. `private_address` is the address of the load
    balancer. `pod_range` and `service_range` are addresses within the cluster.
  TEXT
  type = object({
    admin_group_ids    = set(string)
    kubernetes_version = optional(string)
    upgrade_channel    = optional(string, "stable")
    maintenance        = optional(object({ day = optional(string, "Sunday"), start_time = optional(string, "02:00"), utc_offset = optional(string, "+00:00"), hours = optional(number, 4) }), {})
    sku_tier           = optional(string, "Standard")
    zones              = optional(set(string), ["1", "2", "3"])
    system_nodes       = optional(object({ size = optional(string, "Standard_D2s_v5"), minimum = optional(number, 2), maximum = optional(number, 3) }), {})
    gateway_nodes      = optional(object({ size = optional(string, "Standard_D4s_v5"), minimum = optional(number, 2), maximum = optional(number, 6) }), {})
    disk_sku           = optional(string, "Premium_ZRS")
    outbound           = optional(string)
    private_address    = optional(string)
    pod_range          = optional(string, "192.168.0.0/16")
    service_range      = optional(string, "172.30.0.0/16")
  })
  default = null

  validation {
    condition     = (var.aks != null) == (var.platform == "aks")
    error_message = "aks goes with platform = \"aks\", and with no other: set both or neither."
  }

  validation {
    condition     = var.aks == null || var.gateway != null
    error_message = "A cluster needs gateway: with what image, and how many replicas."
  }

  validation {
    condition     = var.aks == null || contains(["Premium_ZRS", "StandardSSD_ZRS", "Premium_LRS"], try(var.aks.disk_sku, ""))
    error_message = "disk_sku must be Premium_ZRS, StandardSSD_ZRS or Premium_LRS."
  }

  validation {
    condition     = var.aks == null || var.existing_network == null ? true : var.existing_network.nodes_subnet_id != null && var.aks.private_address != null
    error_message = "With existing_network, aks needs the network's nodes_subnet_id and a private_address that is free in it."
  }
}

variable "registry" {
  description = "Container registry of the image; null if the image is public. `existing_id` is a registry that you have; the gateway's identity then may pull from it. Without it, a private registry (Premium) is made."
  type = object({
    existing_id             = optional(string)
    zone_redundancy_enabled = optional(bool, false)
  })
  default = null

  validation {
    condition     = can(regex("(?i)/providers/Microsoft\\.ContainerRegistry/registries/[a-z0-9]+$", coalesce(try(var.registry.existing_id, null), "/providers/Microsoft.ContainerRegistry/registries/none")))
    error_message = "existing_id must be the id of a registry: az acr show --name NAME --query id --output tsv"
  }
}

variable "redis" {
  description = "Azure Managed Redis, for limits that all replicas share; null for none. The gateway signs in with its identity; keys are off. `persistence_enabled` writes changes to a disk."
  type = object({
    sku                       = optional(string, "Balanced_B1")
    high_availability_enabled = optional(bool, true)
    persistence_enabled       = optional(bool, true)
  })
  default = null
}

variable "vault" {
  description = "Key Vault for the few secrets that the configuration reads; null for none. It cannot be purged before `retention_days` have passed, and its name is taken during that time."
  type = object({
    retention_days = optional(number, 90)
  })
  default = null
}

variable "settings" {
  description = "Further settings of the gateway's configuration by section, as { limits = { timeZone = \"Europe/Berlin\" } } (docs/configuration.md). Each one replaces the generated setting, also in groups as gateway.timeouts. Put secrets into the vault."
  type        = any
  nullable    = false
  default     = {}

  validation {
    condition = var.platform != "aks" || alltrue([
      for path in [["gateway", "listen"], ["gateway", "replica"], ["admin", "listen"], ["ledger", "directory"], ["gateway", "timeouts", "shutdownGrace"]] :
      !can(length(path) == 3 ? var.settings[path[0]][path[1]][path[2]] : var.settings[path[0]][path[1]])
    ])
    error_message = "On AKS the chart decides gateway.listen, gateway.replica, gateway.timeouts.shutdownGrace, admin.listen and ledger.directory: leave them out of settings."
  }
}
