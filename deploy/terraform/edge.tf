# Application Gateway before the gateway, for a name and a certificate of your own. Its certificate must be in the key
# vault before it is made.
locals {
  # The gateway sees its own name in the network as the host of a request.
  at_edge = [for edge in var.edge[*] : merge(
    { publicUrl = "https://${edge.host}" },
    # The ingress of Container Apps adds the edge's own address to what the edge wrote.
    var.gateway == null || local.edge_connects || module.network.edge_range == null ? {} : { trustedProxies = [module.network.edge_range] },
  )]

  # The edge connects to the gateway itself, without TLS and without another proxy between them.
  edge_connects = var.edge != null && var.gateway != null && local.plain && try(var.edge.backend_host, null) == null
  plain         = var.platform == "aks" || local.ingress == "tcp"
}

module "edge" {
  source = "./modules/edge"
  count  = var.edge == null ? 0 : 1

  name                = module.names.edge
  identity_name       = module.names.edge_identity
  firewall_name       = module.names.firewall
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  subnet_id           = module.network.edge_subnet_id
  private_address     = var.edge.private_address != null ? var.edge.private_address : module.network.edge_address
  host                = var.edge.host
  certificate_id      = var.edge.certificate_id
  vault_id            = coalesce(var.edge.vault_id, one(module.vault[*].id))
  backend_host        = var.edge.backend_host != null ? var.edge.backend_host : var.platform == "aks" ? module.aks[0].fqdn : module.gateway[0].fqdn
  backend_tls_enabled = !local.edge_connects
  backend_port        = local.edge_connects ? 8080 : 443
  request_seconds     = var.edge.request_seconds
  capacity            = var.edge.capacity
  zones               = var.edge.zones
  public_enabled      = var.edge.public_enabled
  firewall            = var.edge.firewall
  tags                = local.tags
}
