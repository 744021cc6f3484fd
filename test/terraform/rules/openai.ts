import { texts } from '../hcl.ts'
import type { ModuleRules } from './module-rules.ts'

export const openai: ModuleRules = {
  roles: ['Cognitive Services OpenAI User', 'Cognitive Services User'],
  required: { azurerm_cognitive_account: { local_auth_enabled: false, public_network_access_enabled: false } },
  reached: { azurerm_cognitive_account: { subresource: 'account', zone: /\/privatelink\.openai\.azure\.com$/ } },
  check: ({ address, type, values }) => [
    ...(type === 'azurerm_cognitive_account' && !values['custom_subdomain_name']
      ? [`${address}: without custom_subdomain_name there is no Entra token for it`]
      : []),
    ...(type === 'azapi_update_resource' && isOfAccount(values['type']) && texts(values['locks']).length === 0
      ? [`${address}: changes of an account must be one after another`]
      : []),
  ],
  /** An account takes one change at a time. azurerm's own locks are not those of azapi. */
  waits: ({ type, values }) => {
    if (type === 'azurerm_cognitive_account_rai_policy') return ['azurerm_private_endpoint']
    if (type === 'azapi_update_resource' && isOfAccount(values['type'])) return ['azurerm_cognitive_deployment']
    if (type !== 'azurerm_cognitive_deployment') return []
    return ['azurerm_private_endpoint', 'azurerm_cognitive_account_rai_policy']
  },
}

const isOfAccount = (type: unknown) => String(type).startsWith('Microsoft.CognitiveServices/accounts')
