# Two regions, provisioned throughput first: what it cannot serve spills over within its region, then to pay-as-you-go
# in the other. Records with bodies in Data Explorer, a registration in Entra, telemetry and alerts, and an edge.
terraform {
  required_version = ">= 1.9.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.73.0, < 5.0.0"
    }

    azuread = {
      source  = "hashicorp/azuread"
      version = ">= 3.7.0, < 4.0.0"
    }

    azapi = {
      source  = "azure/azapi"
      version = ">= 2.13.0, < 3.0.0"
    }
  }
}

provider "azurerm" {
  subscription_id = var.subscription_id

  features {
    cognitive_account {
      # A deleted account keeps its name for 48 hours otherwise.
      purge_soft_delete_on_destroy = true
    }

    key_vault {
      # Purge protection: nobody can.
      purge_soft_delete_on_destroy = false
    }

    storage {
      # The journal's account is closed to the machine that runs Terraform.
      data_plane_available = false
    }
  }
}

variable "subscription_id" {
  description = "Subscription that everything is made in."
  type        = string
  nullable    = false
}

variable "suffix" {
  description = "Up to 6 lower-case letters and digits of your own: names of accounts are unique in all of Azure."
  type        = string
  nullable    = false
}

variable "tenant_id" {
  description = "Tenant of the callers: az account show --query tenantId"
  type        = string
  nullable    = false
}

variable "callers_group_id" {
  description = "Object id of the group that may call: az ad group show --group NAME --query id"
  type        = string
  nullable    = false
}

variable "auditors_group_id" {
  description = "Object id of the group that may read records, with prompts and completions."
  type        = string
  nullable    = false
}

variable "alerts_email" {
  description = "Address that alerts go to."
  type        = string
  nullable    = false
}

variable "image" {
  description = "Image of the gateway in the registry that is made here."
  type        = string
  nullable    = false
  default     = "gatehouse:0.1.0"
}

variable "edge" {
  description = "Name that callers use, its certificate (https://VAULT.vault.azure.net/secrets/NAME), and the key vault with it where it is not the one that is made here; null until the certificate is there."
  type = object({
    host           = string
    certificate_id = string
    vault_id       = optional(string)
  })
  default = null
}

module "gatehouse" {
  source = "../.."

  project     = "gatehouse"
  environment = "prod"
  location    = "swedencentral"
  suffix      = var.suffix
  company     = "Contoso"
  tenants     = [var.tenant_id]
  callers     = ["10.20.0.0/16"]

  instances = {
    sweden = {
      location = "swedencentral"
      priority = 1
      deployments = {
        "gpt-4o"                 = { model = "gpt-4o", version = "2024-11-20", sku = "ProvisionedManaged", capacity = 50, spill_over_to = "gpt-4o-standard" }
        "gpt-4o-standard"        = { model = "gpt-4o", version = "2024-11-20", sku = "DataZoneStandard", capacity = 200 }
        "text-embedding-3-large" = { model = "text-embedding-3-large", version = "1", capacity = 100 }
      }
    }
    france = {
      location = "francecentral"
      kind     = "AIServices"
      priority = 2
      deployments = {
        "gpt-4o"                 = { model = "gpt-4o", version = "2024-11-20", sku = "DataZoneStandard", capacity = 200 }
        "text-embedding-3-large" = { model = "text-embedding-3-large", version = "1", capacity = 100 }
      }
    }
  }

  entra = {
    workload_members = { assistant = { callers = var.callers_group_id } }
    admin_members    = { auditor = { auditors = var.auditors_group_id } }
  }

  workloads = {
    assistant = { deployments = ["gpt-4o", "text-embedding-3-large"] }
  }

  ledger = {
    bodies      = true
    capacity    = 2
    partitions  = 8
    cluster_sku = { name = "Standard_E2ads_v5", capacity = 2 }
  }

  registry = { zone_redundancy_enabled = true }
  redis    = { sku = "Balanced_B3" }
  vault    = {}

  gateway = {
    image                   = var.image
    ingress                 = "premium"
    replicas                = { min = 3, max = 12 }
    zone_redundancy_enabled = true
  }

  observability = {
    emails = { operations = var.alerts_email }
  }

  edge = var.edge == null ? null : {
    host           = var.edge.host
    certificate_id = var.edge.certificate_id
    vault_id       = var.edge.vault_id
    firewall       = {}
    capacity       = { minimum = 2, maximum = 10 }
    zones          = ["1", "2", "3"]
  }
}

output "url" {
  description = "Address of the gateway inside the virtual network."
  value       = module.gatehouse.url
}

output "registry" {
  description = "Host of the container registry that takes the image."
  value       = module.gatehouse.registry
}

output "scope" {
  description = "What clients ask tokens for."
  value       = module.gatehouse.scope
}

output "edge_address" {
  description = "Address that the name of edge must lead to in callers' DNS; null without an edge."
  value       = module.gatehouse.edge_address
}

output "endpoints" {
  description = "Addresses of the instances, by name."
  value       = module.gatehouse.endpoints
}

output "identity_client_id" {
  description = "Client id of the gateway's identity."
  value       = module.gatehouse.identity_client_id
}

output "gateway_yaml" {
  description = "The gateway's configuration."
  value       = module.gatehouse.gateway_yaml
}
