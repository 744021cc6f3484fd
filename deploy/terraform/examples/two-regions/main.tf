# Two regions, provisioned throughput first and pay-as-you-go after it, records with bodies in Data Explorer.
terraform {
  required_version = ">= 1.9.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.73.0, < 5.0.0"
    }

    azapi = {
      source  = "azure/azapi"
      version = ">= 2.4.0, < 3.0.0"
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

variable "user_id" {
  description = "Object id of the person who may call: az ad signed-in-user show --query id"
  type        = string
  nullable    = false
}

variable "image" {
  description = "Image of the gateway in the registry that is made here."
  type        = string
  nullable    = false
  default     = "gatehouse:0.1.0"
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
        "gpt-4o"                 = { model = "gpt-4o", version = "2024-11-20", sku = "ProvisionedManaged", capacity = 50 }
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

  admin_roles = { auditor = [{ user = var.user_id }] }

  registry = { zone_redundancy_enabled = true }
  redis    = { sku = "Balanced_B3" }
  vault    = {}

  gateway = {
    image                   = var.image
    ingress                 = "premium"
    replicas                = { min = 3, max = 12 }
    zone_redundancy_enabled = true
  }

  workloads = {
    assistant = { callers = [{ user = var.user_id }], deployments = ["gpt-4o", "text-embedding-3-large"] }
  }

  ledger = {
    bodies      = true
    capacity    = 2
    partitions  = 8
    cluster_sku = { name = "Standard_E2ads_v5", capacity = 2 }
  }
}

output "endpoints" {
  description = "Addresses of the instances, by name."
  value       = module.gatehouse.endpoints
}

output "identity_client_id" {
  description = "Client id of the gateway's identity."
  value       = module.gatehouse.identity_client_id
}

output "url" {
  description = "Address of the gateway inside the virtual network."
  value       = module.gatehouse.url
}

output "registry" {
  description = "Host of the container registry that takes the image."
  value       = module.gatehouse.registry
}

output "gateway_yaml" {
  description = "The gateway's configuration."
  value       = module.gatehouse.gateway_yaml
}
