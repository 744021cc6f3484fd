terraform {
  required_version = ">= 1.9.0"

  required_providers {
    # Version 5 renamed arguments that are used here; nothing was tried with it.
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.73.0, < 5.0.0"
    }
  }
}
