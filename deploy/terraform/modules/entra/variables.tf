variable "name" {
  description = "Display name of the registration; those of clients begin with it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 80
    error_message = "name must have 1 to 80 characters."
  }
}

variable "workloads" {
  description = "Names of workloads. Each has an app role, NAME.Use."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for workload in var.workloads : can(regex("^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$", workload))])
    error_message = "Names of workloads must be at most 64 lower-case letters, digits, dots, hyphens and underscores, with a letter or digit at both ends."
  }
}

variable "workload_members" {
  description = "Callers of each workload: object ids of people, groups and service principals by a name of your choice, by workload."
  type        = map(map(string))
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for workload in keys(var.workload_members) : contains(var.workloads, workload)])
    error_message = "workload_members names a workload that does not exist. There are: ${join(", ", var.workloads)}."
  }

  validation {
    condition     = alltrue(flatten([for members in values(var.workload_members) : [for id in values(members) : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))]]))
    error_message = "Members of workload_members must be object ids in lower case, as 22222222-3333-4444-5555-666666666666: az ad user show --id NAME --query id"
  }
}

variable "admin_members" {
  description = "Users of the management API: object ids by a name of your choice, by role (viewer, auditor, operator)."
  type = object({
    viewer   = optional(map(string), {})
    auditor  = optional(map(string), {})
    operator = optional(map(string), {})
  })
  nullable = false
  default  = {}

  validation {
    condition     = alltrue(flatten([for members in values(var.admin_members) : [for id in values(members) : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))]]))
    error_message = "Members of admin_members must be object ids in lower case, as 22222222-3333-4444-5555-666666666666: az ad user show --id NAME --query id"
  }
}

variable "identifier_uri" {
  description = "What clients ask tokens for; null for api://CLIENT-ID. Many tenants allow only URIs with the client id, the tenant id or a verified domain."
  type        = string
  default     = null

  validation {
    condition     = var.identifier_uri == null || can(regex("^(api|https)://[A-Za-z0-9][A-Za-z0-9./_-]*[A-Za-z0-9]$", var.identifier_uri))
    error_message = "identifier_uri must begin with api:// or https:// and not end with a slash, as api://gatehouse.contoso.com."
  }
}

variable "group_claims" {
  description = "Groups in tokens: SecurityGroup (all of them, up to 200), ApplicationGroup (those that are assigned to the registration) or None."
  type        = string
  nullable    = false
  default     = "SecurityGroup"

  validation {
    condition     = contains(["SecurityGroup", "ApplicationGroup", "None"], var.group_claims)
    error_message = "group_claims must be SecurityGroup, ApplicationGroup or None."
  }
}

variable "multi_tenant_enabled" {
  description = "Lets people and programs of other tenants ask for tokens. The gateway takes those of its configured tenants alone."
  type        = bool
  nullable    = false
  default     = false
}

variable "azure_cli_enabled" {
  description = "Lets the Azure CLI get tokens without asking people for consent, for gatehouse login without its own client and for trying."
  type        = bool
  nullable    = false
  default     = true
}

variable "console_urls" {
  description = "Addresses to which Entra sends people back who signed in on the console, as https://gatehouse.contoso.com/console/. None for no client of the console."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for url in var.console_urls : can(regex("^https://[^/?#*]+/[^?#*]*$", url)) || can(regex("^http://localhost(:[0-9]+)?/[^?#*]*$", url))])
    error_message = "console_urls must begin with https:// (or http://localhost), and have a path, as https://gatehouse.contoso.com/console/."
  }
}

variable "pipelines" {
  description = <<-TEXT
    Pipelines that call the gateway, by name. `issuer` and `subject` are those of the token that their service gives them: https://token.actions.githubusercontent.com and
    repo:contoso/chat:environment:prod for GitHub Actions. `workloads` are those that they may use.
  TEXT
  type = map(object({
    issuer    = string
    subject   = string
    workloads = set(string)
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for name in keys(var.pipelines) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$", name)) && !contains(["cli", "console"], name)])
    error_message = "Names of pipelines must be 3 to 120 letters, digits, hyphens and underscores, and none may be cli or console."
  }

  validation {
    condition     = alltrue([for pipeline in values(var.pipelines) : startswith(pipeline.issuer, "https://") && length(pipeline.subject) > 0 && !strcontains(pipeline.subject, "*")])
    error_message = "A pipeline needs the issuer of its tokens, which begins with https://, and their whole subject: Entra knows no wildcards there."
  }

  validation {
    condition     = alltrue(flatten([for pipeline in values(var.pipelines) : [length(pipeline.workloads) > 0, [for workload in pipeline.workloads : contains(var.workloads, workload)]]]))
    error_message = "Each pipeline needs at least one workload that exists: without a role Entra gives it no token."
  }
}
