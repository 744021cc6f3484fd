import { type Block, blocksOf, type Resource } from '../hcl.ts'
import type { ModuleRules } from './module-rules.ts'

export const redis: ModuleRules = {
  required: { azurerm_managed_redis: { public_network_access: 'Disabled' } },
  reached: { azurerm_managed_redis: { subresource: 'redisEnterprise', zone: /\/privatelink\.redis\.azure\.net$/ } },
  check: database,
}

const wanted: Block = {
  ...{ access_keys_authentication_enabled: false, client_protocol: 'Encrypted', eviction_policy: 'NoEviction' },
  // The configuration does not say `redis.cluster`.
  clustering_policy: 'NoCluster',
}

function database({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_managed_redis') return []
  const [found = {}] = blocksOf(values, 'default_database')
  return Object.entries(wanted)
    .filter(([name, value]) => found[name] !== value)
    .map(([name, value]) => `${address}: ${name} of the database must be ${value}, and is ${found[name]}`)
}
