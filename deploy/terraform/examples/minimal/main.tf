# The least that makes sense: one instance with one model, for development.
terraform {
  required_version = ">= 1.9.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.73.0, < 5.0.0"
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
  description = "Image of the gateway in your registry, as contoso.azurecr.io/gatehouse:0.1.0; null for no gateway yet."
  type        = string
  default     = null
}

variable "registry_id" {
  description = "Id of that registry: az acr show --name NAME --query id --output tsv. Null for a public one."
  type        = string
  default     = null
}

module "gatehouse" {
  source = "../.."

  project     = "gatehouse"
  environment = "dev"
  location    = "swedencentral"
  suffix      = var.suffix
  tenants     = [var.tenant_id]

  instances = {
    sweden = {
      location = "swedencentral"
      deployments = {
        "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", capacity = 10 }
      }
    }
  }

  admin_roles = { auditor = [{ user = var.user_id }] }

  # One replica without anything that it would share: a restart is an interruption, and loses the records of this replica.
  registry = var.registry_id == null ? null : { existing_id = var.registry_id }

  gateway = var.image == null ? null : {
    image    = var.image
    ingress  = "http"
    journal  = "empty-dir"
    cpu      = 0.5
    replicas = { min = 1, max = 1 }
  }

  workloads = {
    trial = { callers = [{ user = var.user_id }], deployments = ["gpt-4o"] }
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
  description = "Address of the gateway inside the virtual network; null without an image."
  value       = module.gatehouse.url
}

output "gateway_yaml" {
  description = "The gateway's configuration."
  value       = module.gatehouse.gateway_yaml
}
