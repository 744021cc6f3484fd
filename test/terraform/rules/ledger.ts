import { blocksOf, type Resource } from '../hcl.ts'
import type { ModuleRules } from './module-rules.ts'

export const ledger: ModuleRules = {
  roles: ['Azure Event Hubs Data Receiver', 'Azure Event Hubs Data Sender'],
  required: {
    azurerm_eventhub_namespace: { local_authentication_enabled: false, public_network_access_enabled: false },
    azurerm_kusto_cluster: { public_network_access_enabled: false, auto_stop_enabled: false },
  },
  reached: {
    azurerm_eventhub_namespace: { subresource: 'namespace', zone: /\/privatelink\.servicebus\.windows\.net$/ },
    azurerm_kusto_cluster: { subresource: 'cluster', zone: /\/privatelink\.[a-z0-9]+\.kusto\.windows\.net$/ },
  },
  check: resource => [...deafNamespace(resource), ...keyedConnection(resource)],
  /** Scripts of a database run one after another; its data connection needs tables and a role. */
  waits: ({ address, type }) => {
    if (type === 'azurerm_kusto_script' && !address.endsWith('azurerm_kusto_script.tables')) return [type]
    if (type !== 'azurerm_kusto_eventhub_data_connection') return []
    return ['azurerm_kusto_script', 'azurerm_role_assignment']
  },
}

/** A private namespace that Data Explorer cannot read, or with rules that Azure would refuse. */
function deafNamespace({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_eventhub_namespace') return []
  const [rules = {}] = blocksOf(values, 'network_rulesets')
  return [
    ...(rules['trusted_service_access_enabled'] === true ? [] : [`${address}: Data Explorer cannot read it`]),
    ...(rules['public_network_access_enabled'] === values['public_network_access_enabled']
      ? []
      : [`${address}: its network rules must say the same about public access`]),
  ]
}

function keyedConnection({ address, type, values }: Resource): readonly string[] {
  const signsIn = type !== 'azurerm_kusto_eventhub_data_connection' || Boolean(values['identity_id'])
  return signsIn ? [] : [`${address}: it would sign in with a key`]
}
