import type { Mistakes } from './mutation.ts'

const main = 'modules/registry/main.tf'

/** Mistakes in the module `registry`. */
export const registry: Mistakes = {
  written: [
    {
      mistake: 'the registry has a user with a password',
      file: main,
      from: 'admin_enabled                 = false',
      to: 'admin_enabled                 = true',
      found: /admin_enabled must be false/,
    },
    {
      mistake: 'the registry has a public address',
      file: main,
      from: 'public_network_access_enabled = false',
      to: 'public_network_access_enabled = true',
      found: /azurerm_container_registry\.this: public_network_access_enabled must be false/,
    },
    {
      mistake: 'the registry has an SKU without private endpoints',
      file: main,
      from: '"Premium"',
      to: '"Standard"',
      found: /sku must be Premium/,
    },
    {
      mistake: 'the endpoint of the registry is for another subresource',
      file: main,
      from: '["registry"]',
      to: '["account"]',
      found: /the subresource must be registry/,
    },
  ],
  computed: [
    {
      mistake: 'the zone of the registry is that of another service',
      example: 'production',
      file: 'containers.tf',
      from: 'privatelink.azurecr.io',
      to: 'privatelink.azurecr.net',
      found: /its zone must be/,
    },
  ],
}
