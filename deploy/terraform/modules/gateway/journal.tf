# The journal of all replicas, each in a directory of its own. NFS has no keys and no TLS of its own: the private endpoint
# is the only way to it, and `https_traffic_only_enabled` would refuse every mount.
resource "azurerm_storage_account" "journal" {
  count = local.nfs ? 1 : 0

  name                            = var.storage_name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  account_kind                    = "FileStorage"
  account_tier                    = "Premium"
  account_replication_type        = var.zone_redundancy_enabled ? "ZRS" : "LRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = false
  shared_access_key_enabled       = false
  public_network_access_enabled   = false
  allow_nested_items_to_be_public = false
  tags                            = var.tags

  network_rules {
    default_action = "Deny"
    bypass         = ["None"]
  }
}

resource "azurerm_storage_share" "journal" {
  count = local.nfs ? 1 : 0

  name               = "journal"
  storage_account_id = azurerm_storage_account.journal[0].id
  enabled_protocol   = "NFS"
  quota              = var.journal_gib
}

resource "azurerm_private_endpoint" "journal" {
  count = local.nfs ? 1 : 0

  name                = "pe-${var.storage_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.endpoints_subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.storage_name
    private_connection_resource_id = azurerm_storage_account.journal[0].id
    subresource_names              = ["file"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [var.file_zone_id]
  }
}

resource "azurerm_container_app_environment_storage" "journal" {
  count = local.nfs ? 1 : 0

  name                         = "journal"
  container_app_environment_id = azurerm_container_app_environment.this.id
  nfs_server_url               = "${azurerm_storage_account.journal[0].name}.file.core.windows.net"
  share_name                   = "/${azurerm_storage_account.journal[0].name}/${azurerm_storage_share.journal[0].name}"
  access_mode                  = "ReadWrite"

  # A replica that starts before the endpoint's address is known would look for the share at its public one.
  depends_on = [azurerm_private_endpoint.journal]
}
