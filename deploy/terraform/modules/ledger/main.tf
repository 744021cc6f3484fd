locals {
  identity_policy = <<-KQL
    .alter-merge database gatehouse policy managed_identity '[{ "ObjectId": "system", "AllowedUsages": "DataConnection" }]'
  KQL
}

resource "azurerm_eventhub_namespace" "this" {
  name                          = var.event_hubs_name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  sku                           = "Standard"
  capacity                      = var.capacity
  minimum_tls_version           = "1.2"
  local_authentication_enabled  = false
  public_network_access_enabled = false
  tags                          = var.tags

  # Data Explorer reads a private namespace as a trusted service, with its identity.
  network_rulesets {
    default_action                 = "Deny"
    public_network_access_enabled  = false
    trusted_service_access_enabled = true
  }
}

resource "azurerm_eventhub" "records" {
  name              = "records"
  namespace_id      = azurerm_eventhub_namespace.this.id
  partition_count   = var.partitions
  message_retention = var.retention_days
}

# Data Explorer alone reads with it: two readers of a group take each other's place.
resource "azurerm_eventhub_consumer_group" "data_explorer" {
  name                = "data-explorer"
  resource_group_name = var.resource_group_name
  namespace_name      = azurerm_eventhub_namespace.this.name
  eventhub_name       = azurerm_eventhub.records.name
}

resource "azurerm_private_endpoint" "event_hubs" {
  name                = "pe-${var.event_hubs_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.event_hubs_name
    private_connection_resource_id = azurerm_eventhub_namespace.this.id
    subresource_names              = ["namespace"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [var.event_hubs_zone_id]
  }
}

# A cluster that stops by itself reads nothing until somebody starts it; the hub forgets meanwhile.
resource "azurerm_kusto_cluster" "this" {
  name                          = var.cluster_name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  auto_stop_enabled             = false
  disk_encryption_enabled       = true
  public_network_access_enabled = false
  purge_enabled                 = true
  tags                          = var.tags

  sku {
    name     = var.cluster_sku.name
    capacity = var.cluster_sku.capacity
  }

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_private_endpoint" "cluster" {
  name                = "pe-${var.cluster_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.cluster_name
    private_connection_resource_id = azurerm_kusto_cluster.this.id
    subresource_names              = ["cluster"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [var.cluster_zone_id]
  }
}

# The scripts decide what is kept for how long; these are the most.
resource "azurerm_kusto_database" "gatehouse" {
  name                = "gatehouse"
  resource_group_name = var.resource_group_name
  location            = var.location
  cluster_name        = azurerm_kusto_cluster.this.name
  soft_delete_period  = "P400D"
  hot_cache_period    = "P31D"
}

resource "azurerm_kusto_script" "tables" {
  name                               = "tables"
  database_id                        = azurerm_kusto_database.gatehouse.id
  continue_on_errors_enabled         = false
  script_content                     = file("${var.kusto_directory}/1-tables.kql")
  force_an_update_when_value_changed = filesha256("${var.kusto_directory}/1-tables.kql")
}

resource "azurerm_kusto_script" "policies" {
  name                               = "policies"
  database_id                        = azurerm_kusto_database.gatehouse.id
  continue_on_errors_enabled         = false
  script_content                     = file("${var.kusto_directory}/2-policies.kql")
  force_an_update_when_value_changed = filesha256("${var.kusto_directory}/2-policies.kql")

  depends_on = [azurerm_kusto_script.tables]
}

resource "azurerm_kusto_script" "functions" {
  name                               = "functions"
  database_id                        = azurerm_kusto_database.gatehouse.id
  continue_on_errors_enabled         = false
  script_content                     = file("${var.kusto_directory}/3-functions.kql")
  force_an_update_when_value_changed = filesha256("${var.kusto_directory}/3-functions.kql")

  depends_on = [azurerm_kusto_script.policies]
}

# Lets data connections of the database use the cluster's identity.
resource "azurerm_kusto_script" "identity" {
  name                       = "identity"
  database_id                = azurerm_kusto_database.gatehouse.id
  continue_on_errors_enabled = false
  script_content             = local.identity_policy

  # One script of a database at a time.
  depends_on = [azurerm_kusto_script.functions]
}

resource "azurerm_role_assignment" "cluster" {
  scope                = azurerm_eventhub.records.id
  role_definition_name = "Azure Event Hubs Data Receiver"
  principal_id         = azurerm_kusto_cluster.this.identity[0].principal_id
  principal_type       = "ServicePrincipal"
}

# It takes events that arrive after it was made, so the gateway starts after it.
resource "azurerm_kusto_eventhub_data_connection" "records" {
  name                = "records"
  resource_group_name = var.resource_group_name
  location            = var.location
  cluster_name        = azurerm_kusto_cluster.this.name
  database_name       = azurerm_kusto_database.gatehouse.name
  eventhub_id         = azurerm_eventhub.records.id
  consumer_group      = azurerm_eventhub_consumer_group.data_explorer.name
  identity_id         = azurerm_kusto_cluster.this.id
  table_name          = "ExchangeRaw"
  mapping_rule_name   = "Gatehouse"
  data_format         = "JSON"
  compression         = "None"

  depends_on = [
    azurerm_kusto_script.identity,
    azurerm_role_assignment.cluster,
  ]
}
