import type { Mistakes } from './mutation.ts'

const main = 'modules/vault/main.tf'

/** Mistakes in the module `vault`. */
export const vault: Mistakes = {
  written: [
    {
      mistake: 'policies of the vault decide instead of roles',
      file: main,
      from: 'rbac_authorization_enabled    = true',
      to: 'rbac_authorization_enabled    = false',
      found: /rbac_authorization_enabled must be true/,
    },
    {
      mistake: 'the vault can be purged',
      file: main,
      from: '  purge_protection_enabled      = true\n',
      to: '',
      found: /purge_protection_enabled must be true, and is undefined/,
    },
    {
      mistake: 'the vault has no private endpoint',
      file: main,
      from: 'private_connection_resource_id = azurerm_key_vault.this.id',
      to: 'private_connection_resource_id = var.subnet_id',
      found: /azurerm_key_vault\.this: it has no private endpoint/,
    },
  ],
  computed: [
    {
      mistake: 'the identity may write secrets',
      example: 'production',
      file: 'containers.tf',
      from: 'role  = "Key Vault Secrets User"',
      to: 'role  = "Key Vault Secrets Officer"',
      found: /The gateway needs no role but/,
    },
  ],
}
