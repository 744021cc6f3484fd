import type { ModuleRules } from './module-rules.ts'

export const registry: ModuleRules = {
  roles: ['AcrPull'],
  required: {
    azurerm_container_registry: {
      ...{ admin_enabled: false, anonymous_pull_enabled: false, public_network_access_enabled: false },
      sku: 'Premium',
    },
  },
  reached: { azurerm_container_registry: { subresource: 'registry', zone: /\/privatelink\.azurecr\.io$/ } },
}
