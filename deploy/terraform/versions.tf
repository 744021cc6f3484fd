terraform {
  required_version = ">= 1.9.0"

  required_providers {
    # Version 5 renamed arguments that are used here; nothing was tried with it.
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
