import { blocksOf, type Resource } from '../hcl.ts'
import type { ModuleRules } from './module-rules.ts'

export const network: ModuleRules = {
  required: { azurerm_private_dns_zone_virtual_network_link: { registration_enabled: false } },
  check: openRules,
  /** The hub allows the use of its gateway before the network uses it. */
  waits: ({ address, type }) =>
    type === 'azurerm_virtual_network_peering' && address.endsWith('.to_hub') ? [type] : [],
}

/** Rules of network security groups that let anybody in, or groups that refuse nobody. */
function openRules({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_network_security_group') return []
  const inbound = blocksOf(values, 'security_rule').filter(rule => rule['direction'] === 'Inbound')
  const open = inbound.filter(
    rule =>
      rule['access'] === 'Allow' && ['*', 'Internet', '0.0.0.0/0'].includes(String(rule['source_address_prefix'])),
  )
  const closed = inbound.some(rule => rule['access'] === 'Deny' && rule['source_address_prefix'] === '*')
  return [
    ...open.map(rule => `${address}: the rule ${rule['name']} lets the whole internet in`),
    ...(closed ? [] : [`${address}: nothing refuses everybody else`]),
  ]
}
