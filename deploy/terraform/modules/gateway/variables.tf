variable "name" {
  description = "Name of the container app, the first part of its host name: 2 to 32 lower-case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[a-z](?:-?[a-z0-9])+$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and single hyphens, and begin with a letter."
  }
}

variable "environment_name" {
  description = "Name of the Container Apps environment."
  type        = string
  nullable    = false
}

variable "storage_name" {
  description = "Name of the storage account of the journal, unique in all of Azure: 3 to 24 lower-case letters and digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.storage_name))
    error_message = "storage_name must be 3 to 24 lower-case letters and digits."
  }
}

variable "resource_group_name" {
  description = "Resource group of everything here."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region, as swedencentral: that of the virtual network."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet of the environment, /27 or larger, delegated to Microsoft.App/environments."
  type        = string
  nullable    = false
}

variable "endpoints_subnet_id" {
  description = "Subnet of the private endpoint of the journal."
  type        = string
  nullable    = false
}

variable "virtual_network_id" {
  description = "Virtual network that resolves the gateway's name."
  type        = string
  nullable    = false
}

variable "file_zone_id" {
  description = "Private DNS zone privatelink.file.core.windows.net; null where the journal is not on a share."
  type        = string
  default     = null

  validation {
    condition     = var.file_zone_id != null || var.journal != "nfs"
    error_message = "A journal on a share needs file_zone_id: its host name leads to a public address otherwise, which is closed."
  }
}

variable "identity_id" {
  description = "User-assigned identity that the gateway runs as. It pulls the image and reads secrets."
  type        = string
  nullable    = false
}

variable "image" {
  description = "Image of the gateway with its registry, as contoso.azurecr.io/gatehouse:0.1.0."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.-]+\\.[a-z0-9.-]+(?::[0-9]+)?/[a-z0-9/._-]+(?::[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image must name a registry, an image and a version or digest, as contoso.azurecr.io/gatehouse:0.1.0. With :latest it would not be known what runs."
  }
}

variable "registry_server" {
  description = "Registry that the identity signs in to, as contoso.azurecr.io; null for a public one."
  type        = string
  default     = null
}

variable "configuration" {
  description = "The gateway's configuration (YAML), without secrets."
  type        = string
  nullable    = false
}

variable "secrets" {
  description = "Secrets by the name of their file beside the configuration, each a secret of Key Vault: { webhook-secret = \"https://VAULT.vault.azure.net/secrets/NAME\" }. The configuration reads them with file expressions."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for name, id in var.secrets : can(regex("^[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$", name)) && name != "gatehouse-yaml" && startswith(id, "https://")])
    error_message = "Names of secrets must be lower-case letters, digits and hyphens, not gatehouse-yaml, and each an address of Key Vault."
  }
}

variable "port" {
  description = "Port that the gateway listens on, `gateway.listen` of its configuration."
  type        = number
  nullable    = false
  default     = 8080
}

variable "ingress" {
  description = "premium: HTTPS of the environment, with machines of its own, for streams of any length. http: the same without them, which ends each request after 240 s. tcp: plain connections on the gateway's port, for a gateway in front that has TLS."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["premium", "http", "tcp"], var.ingress)
    error_message = "ingress must be premium, http or tcp."
  }
}

variable "idle_minutes" {
  description = "Minutes of silence after which premium ingress ends a request: more than gateway.timeouts.firstByte, which is 5."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = var.idle_minutes >= 6 && var.idle_minutes <= 30 && floor(var.idle_minutes) == var.idle_minutes
    error_message = "idle_minutes must be a whole number from 6 to 30: a model may be silent for 5 minutes before its first word."
  }
}

variable "replicas" {
  description = "Fewest and most replicas."
  type        = object({ min = number, max = number })
  nullable    = false

  validation {
    condition     = var.replicas.min >= 1 && var.replicas.max >= var.replicas.min && var.replicas.max <= 300
    error_message = "replicas must have min from 1 and max from min to 300: a gateway that sleeps answers no call in time, and ships no records."
  }
}

variable "calls_per_replica" {
  description = "Calls in flight (connections where ingress is tcp) of a replica above which another one starts."
  type        = number
  nullable    = false
  default     = 200

  validation {
    condition     = var.calls_per_replica >= 1 && floor(var.calls_per_replica) == var.calls_per_replica
    error_message = "calls_per_replica must be a whole number from 1."
  }
}

variable "cpu" {
  description = "Cores of a replica, in quarters up to 4; memory is 2 GiB for each. One process uses little more than one core."
  type        = number
  nullable    = false
  default     = 1

  validation {
    condition     = var.cpu >= 0.25 && var.cpu <= 4 && floor(var.cpu * 4) == var.cpu * 4
    error_message = "cpu must be 0.25 to 4 in steps of 0.25, as Container Apps allows."
  }
}

variable "shutdown_grace_seconds" {
  description = "How long a replica that stops waits for calls in flight: `gateway.timeouts.shutdownGrace` of the configuration."
  type        = number
  nullable    = false

  validation {
    condition     = var.shutdown_grace_seconds >= 1 && var.shutdown_grace_seconds <= 570 && floor(var.shutdown_grace_seconds) == var.shutdown_grace_seconds
    error_message = "shutdown_grace_seconds must be a whole number from 1 to 570: Container Apps waits 600 s at most, and recording the calls that were cut needs 30."
  }
}

variable "zone_redundancy_enabled" {
  description = "True spreads replicas and the journal over the zones of the region."
  type        = bool
  nullable    = false
  default     = false
}

variable "logs_destination" {
  description = "Where logs go: azure-monitor (a diagnostic setting says on), log-analytics, or null for none that is kept."
  type        = string
  default     = "azure-monitor"

  validation {
    condition     = var.logs_destination == null || contains(["azure-monitor", "log-analytics"], coalesce(var.logs_destination, "none"))
    error_message = "logs_destination must be azure-monitor, log-analytics or null."
  }
}

variable "log_analytics_workspace_id" {
  description = "Workspace of the logs where logs_destination is log-analytics, and only then."
  type        = string
  default     = null

  validation {
    condition     = (var.log_analytics_workspace_id != null) == (coalesce(var.logs_destination, "none") == "log-analytics")
    error_message = "log_analytics_workspace_id goes with logs_destination log-analytics, and with no other."
  }
}

variable "journal" {
  description = "nfs: on a premium file share, where it outlives the replica. empty-dir: on the replica's own disk (1 to 8 GiB, by cpu), lost with it."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["nfs", "empty-dir"], var.journal)
    error_message = "journal must be nfs or empty-dir."
  }
}

variable "journal_gib" {
  description = "Size of the share, which is also what it costs: 100 GiB or more."
  type        = number
  nullable    = false
  default     = 100

  validation {
    condition     = var.journal_gib >= 100 && var.journal_gib <= 102400 && floor(var.journal_gib) == var.journal_gib
    error_message = "journal_gib must be a whole number from 100 to 102400."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
