# Why Application Gateway and not Front Door: Front Door passes no server-sent events on, ends a request that waits for
# its origin after 240 s, and has no address inside a network. Here answers are not buffered, and a request may take as
# long as the gateway allows.
locals {
  public = var.public_enabled ? ["public"] : []

  # A firewall reads whole requests, so it cannot do without their buffer. Answers are never held.
  request_buffering = var.firewall != null

  frontend = "private"
  listener = var.public_enabled ? "public" : local.frontend
}

# Reads the certificate, and nothing else.
resource "azurerm_user_assigned_identity" "this" {
  name                = var.identity_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_role_assignment" "certificate" {
  scope                = var.vault_id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_public_ip" "this" {
  for_each = toset(local.public)

  name                = "pip-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = var.zones
  tags                = var.tags
}

# Bodies are not looked at: prompts quote SQL, HTML and shell commands, which its rules take for attacks.
resource "azurerm_web_application_firewall_policy" "this" {
  count = var.firewall == null ? 0 : 1

  name                = var.firewall_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  policy_settings {
    enabled            = true
    mode               = var.firewall.mode
    request_body_check = false
  }

  managed_rules {
    managed_rule_set {
      type    = "Microsoft_DefaultRuleSet"
      version = "2.1"
    }
  }
}

resource "azurerm_application_gateway" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  http2_enabled       = true
  zones               = var.zones
  firewall_policy_id  = one(azurerm_web_application_firewall_policy.this[*].id)
  tags                = var.tags

  sku {
    name = var.firewall == null ? "Standard_v2" : "WAF_v2"
    tier = var.firewall == null ? "Standard_v2" : "WAF_v2"
  }

  autoscale_configuration {
    min_capacity = var.capacity.minimum
    max_capacity = var.capacity.maximum
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  gateway_ip_configuration {
    name      = "subnet"
    subnet_id = var.subnet_id
  }

  frontend_ip_configuration {
    name                          = local.frontend
    subnet_id                     = var.subnet_id
    private_ip_address            = var.private_address
    private_ip_address_allocation = "Static"
  }

  dynamic "frontend_ip_configuration" {
    for_each = azurerm_public_ip.this

    content {
      name                 = frontend_ip_configuration.key
      public_ip_address_id = frontend_ip_configuration.value.id
    }
  }

  frontend_port {
    name = "https"
    port = 443
  }

  # Without a version in its id a certificate that was renewed is taken within four hours.
  ssl_certificate {
    name                = "host"
    key_vault_secret_id = var.certificate_id
  }

  ssl_policy {
    policy_type = "Predefined"
    policy_name = "AppGwSslPolicy20220101S"
  }

  http_listener {
    name                           = "https"
    frontend_ip_configuration_name = local.listener
    frontend_port_name             = "https"
    protocol                       = "Https"
    host_name                      = var.host
    ssl_certificate_name           = "host"
  }

  backend_address_pool {
    name  = "gatehouse"
    fqdns = [var.backend_host]
  }

  # The longest silence of an answer, and of a call that waits for its first byte, ends before this does.
  backend_http_settings {
    name                  = "gatehouse"
    protocol              = var.backend_tls_enabled ? "Https" : "Http"
    port                  = var.backend_port
    host_name             = var.backend_host
    cookie_based_affinity = "Disabled"
    request_timeout       = var.request_seconds
    probe_name            = "ready"

    connection_draining {
      enabled           = true
      drain_timeout_sec = min(var.request_seconds, 3600)
    }
  }

  probe {
    name                                      = "ready"
    protocol                                  = var.backend_tls_enabled ? "Https" : "Http"
    path                                      = "/readyz"
    pick_host_name_from_backend_http_settings = true
    interval                                  = 10
    timeout                                   = 5
    unhealthy_threshold                       = 3

    match {
      status_code = ["200"]
    }
  }

  request_routing_rule {
    name                       = "gatehouse"
    rule_type                  = "Basic"
    priority                   = 100
    http_listener_name         = "https"
    backend_address_pool_name  = "gatehouse"
    backend_http_settings_name = "gatehouse"
  }

  global {
    request_buffering_enabled  = local.request_buffering
    response_buffering_enabled = false
  }

  # It reads the certificate when it is made.
  depends_on = [azurerm_role_assignment.certificate]
}
