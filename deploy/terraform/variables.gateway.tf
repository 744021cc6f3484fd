variable "gateway" {
  description = <<-TEXT
    The gateway on Container Apps; null for none: then everything else is there for a gateway that you run elsewhere in the network. `image` is its image with a version: in the registry that is made here, or with the
    name of another registry. `ingress` is premium (streams of any length), http (each request ends after 240 s) or tcp (for an application gateway in front). `journal` is nfs (a premium file share of `journal_gib`), or
    empty-dir: then records that no feed has sent are lost with the replica. `secrets` are files beside the configuration by the names of secrets in the vault.
  TEXT
  type = object({
    image                   = string
    ingress                 = optional(string, "premium")
    replicas                = optional(object({ min = number, max = number }), { min = 2, max = 10 })
    calls_per_replica       = optional(number, 200)
    cpu                     = optional(number, 1)
    shutdown_grace_seconds  = optional(number, 120)
    zone_redundancy_enabled = optional(bool, false)
    journal                 = optional(string, "nfs")
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
}

variable "registry" {
  description = "Container registry of the image; null where it is public. `existing_id` is one that you have, from which the gateway's identity may pull then; without it one is made, private and Premium."
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
  description = "Azure Managed Redis, for limits that all replicas share; null for none. The gateway signs in with its identity; keys are off. `persistence_enabled` writes changes to disk."
  type = object({
    sku                       = optional(string, "Balanced_B1")
    high_availability_enabled = optional(bool, true)
    persistence_enabled       = optional(bool, true)
  })
  default = null
}

variable "vault" {
  description = "Key Vault for the few secrets that the configuration reads; null for none. It cannot be purged before `retention_days` have passed, and its name is taken for as long."
  type = object({
    retention_days = optional(number, 90)
  })
  default = null
}

variable "settings" {
  description = "Further settings of the gateway's configuration by section, as { limits = { timeZone = \"Europe/Berlin\" } } (docs/configuration.md). They go before what is generated, setting by setting, also in groups as gateway.timeouts. Secrets belong into the vault."
  type        = any
  nullable    = false
  default     = {}
}
