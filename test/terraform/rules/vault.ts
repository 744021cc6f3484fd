import type { ModuleRules } from './module-rules.ts'

export const vault: ModuleRules = {
  roles: ['Key Vault Secrets User'],
  required: {
    azurerm_key_vault: {
      ...{ rbac_authorization_enabled: true, purge_protection_enabled: true },
      public_network_access_enabled: false,
    },
  },
  reached: { azurerm_key_vault: { subresource: 'vault', zone: /\/privatelink\.vaultcore\.azure\.net$/ } },
}
