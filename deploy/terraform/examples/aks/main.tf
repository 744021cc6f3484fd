# The gateway on a Kubernetes cluster of its own: a disk for each replica, streams of any length, an edge with your name.
# One region, pay-as-you-go, records in Data Explorer.
terraform {
  required_version = ">= 1.9.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.73.0, < 5.0.0"
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
  description = "Object id of the group that may read records."
  type        = string
  nullable    = false
}

variable "cluster_admins_group_id" {
  description = "Object id of the group that works on the cluster. Only its members can install the chart."
  type        = string
  nullable    = false
}

variable "audience" {
  description = "Application id of the gateway's registration, whose tokens list groups (docs/entra.md)."
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
  description = "Name that callers use, and its certificate in the vault that is made here (https://VAULT.vault.azure.net/secrets/NAME); null until the certificate is there. Only then is there TLS."
  type = object({
    host           = string
    certificate_id = string
  })
  default = null
}

module "gatehouse" {
  source = "../.."

  project     = "gatehouse"
  environment = "aks"
  location    = "swedencentral"
  suffix      = var.suffix
  tenants     = [var.tenant_id]
  audiences   = [var.audience]
  callers     = ["10.20.0.0/16"]

  instances = {
    sweden = {
      location = "swedencentral"
      deployments = {
        "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", sku = "DataZoneStandard", capacity = 200 }
      }
    }
  }

  admin_roles = { auditor = [{ group = var.auditors_group_id }] }

  workloads = {
    assistant = { callers = [{ group = var.callers_group_id }], deployments = ["gpt-4o"] }
  }

  ledger   = {}
  registry = {}
  redis    = {}
  vault    = {}

  platform = "aks"

  gateway = {
    image                  = var.image
    replicas               = { min = 3, max = 6 }
    shutdown_grace_seconds = 600
    journal_gib            = 128
  }

  aks = {
    admin_group_ids = [var.cluster_admins_group_id]
    gateway_nodes   = { minimum = 3, maximum = 6 }
    maintenance     = { day = "Saturday", start_time = "22:00", utc_offset = "+01:00" }
  }

  observability = {
    emails = { operations = var.alerts_email }
  }

  edge = var.edge == null ? null : {
    host           = var.edge.host
    certificate_id = var.edge.certificate_id
    zones          = ["1", "2", "3"]
  }
}

output "url" {
  description = "Address of the gateway inside the virtual network, without TLS."
  value       = module.gatehouse.url
}

output "edge_address" {
  description = "Address that the name of edge must lead to in callers' DNS; null without an edge."
  value       = module.gatehouse.edge_address
}

output "registry" {
  description = "Host of the container registry that takes the image."
  value       = module.gatehouse.registry
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
  description = "The gateway's configuration, as the chart makes it of its values."
  value       = module.gatehouse.gateway_yaml
}

output "chart_values" {
  description = "Values of the chart."
  value       = module.gatehouse.chart_values
}

output "chart_install" {
  description = "The command that installs the chart, in a directory with the chart and its values."
  value       = module.gatehouse.chart_install
}
