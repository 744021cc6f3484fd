variable "name" {
  description = "Name of the application gateway."
  type        = string
  nullable    = false
}

variable "identity_name" {
  description = "Name of the identity that reads the certificate."
  type        = string
  nullable    = false
}

variable "firewall_name" {
  description = "Name of the firewall's policy: letters and digits alone."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group of everything here."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region, as swedencentral."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet that is delegated to Microsoft.Network/applicationGateways and has nothing else in it."
  type        = string
  nullable    = false
}

variable "private_address" {
  description = "Address in the subnet on which it listens, as 10.0.2.10. Azure does not look whether it is free."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask("${var.private_address}/32"))
    error_message = "private_address must be an IPv4 address of the edge's subnet, as 10.0.2.10."
  }
}

variable "host" {
  description = "Name that callers use and the certificate has, as gatehouse.contoso.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", var.host))
    error_message = "host must be a name in lower case without scheme and port, as gatehouse.contoso.com."
  }
}

variable "certificate_id" {
  description = "Secret of the certificate in a key vault, without a version: https://VAULT.vault.azure.net/secrets/NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[a-z0-9-]+\\.vault\\.azure\\.net/secrets/[A-Za-z0-9-]+$", var.certificate_id))
    error_message = "certificate_id must be the secret of a certificate without its version, as https://VAULT.vault.azure.net/secrets/NAME: with a version a renewed certificate is never taken."
  }
}

variable "vault_id" {
  description = "Key vault with the certificate: its id, for the role."
  type        = string
  nullable    = false
}

variable "backend_host" {
  description = "Host name of the gateway in the network, which has a certificate that is trusted, as that of a container app has."
  type        = string
  nullable    = false
}

variable "backend_port" {
  description = "Port of the gateway."
  type        = number
  nullable    = false
  default     = 443
}

variable "backend_tls_enabled" {
  description = "Speaks TLS with the gateway. Without it tokens and prompts are readable on the way from here to there, within the network."
  type        = bool
  nullable    = false
  default     = true
}

variable "request_seconds" {
  description = "Seconds without a byte of the answer after which a request ends with 504. More than the gateway's own timeouts."
  type        = number
  nullable    = false
  default     = 1860

  validation {
    condition     = var.request_seconds >= 300 && var.request_seconds <= 86400 && floor(var.request_seconds) == var.request_seconds
    error_message = "request_seconds must be a whole number from 300 to 86400, and above gateway.timeouts.firstByte, so that the gateway says what happened and not its edge."
  }
}

variable "capacity" {
  description = "Least and most instances. Each takes some 2,500 connections; with minimum 0 a first call waits for minutes."
  type = object({
    minimum = optional(number, 1)
    maximum = optional(number, 5)
  })
  nullable = false
  default  = {}

  validation {
    condition     = var.capacity.minimum >= 0 && var.capacity.minimum <= 100 && var.capacity.maximum >= 2 && var.capacity.maximum <= 125 && var.capacity.minimum <= var.capacity.maximum
    error_message = "capacity needs a minimum from 0 to 100, and a maximum from 2 to 125 that is not below it."
  }
}

variable "zones" {
  description = "Availability zones that it is spread over; none where the region has none."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(setsubtract(var.zones, ["1", "2", "3"])) == 0
    error_message = "zones must be of 1, 2 and 3."
  }
}

variable "public_enabled" {
  description = "Listens on a public address instead, which it gets. Callers need a token there as everywhere."
  type        = bool
  nullable    = false
  default     = false
}

variable "firewall" {
  description = "A web application firewall with Microsoft's rules; null for none. It looks at addresses and headers, not at bodies. mode is Detection or Prevention."
  type = object({
    mode = optional(string, "Prevention")
  })
  default = null

  validation {
    condition     = var.firewall == null ? true : contains(["Detection", "Prevention"], var.firewall.mode)
    error_message = "mode of firewall must be Detection or Prevention."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}
