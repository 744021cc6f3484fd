# Into a network that a platform team owns, with its private DNS zones: nothing of the network is made here.
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
  description = "Object id of the group that may read records."
  type        = string
  nullable    = false
}

variable "audience" {
  description = "Application id of the gateway's registration, whose tokens list groups (docs/entra.md)."
  type        = string
  nullable    = false
}

variable "network" {
  description = "Ids of the network and of its subnets: az network vnet subnet list --query [].id. The one for apps is delegated to Microsoft.App/environments."
  type = object({
    virtual_network_id  = string
    endpoints_subnet_id = string
    apps_subnet_id      = string
  })
  nullable = false
}

variable "zone_ids" {
  description = "Ids of the private DNS zones that are linked to the network, by what they are for: openai, events, kusto, registry, redis, file. The others are made."
  type        = map(string)
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
  environment = "test"
  location    = "westeurope"
  suffix      = var.suffix
  tenants     = [var.tenant_id]
  audiences   = [var.audience]

  existing_network  = var.network
  existing_zone_ids = var.zone_ids

  instances = {
    europe = {
      location = "westeurope"
      deployments = {
        "gpt-4o" = { model = "gpt-4o", version = "2024-11-20", sku = "DataZoneStandard", capacity = 100 }
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

  gateway = {
    image    = var.image
    replicas = { min = 2, max = 4 }
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
