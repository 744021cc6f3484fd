import type { ModuleRules } from './module-rules.ts'

export const openai: ModuleRules = {
  roles: ['Cognitive Services OpenAI User', 'Cognitive Services User'],
  required: { azurerm_cognitive_account: { local_auth_enabled: false, public_network_access_enabled: false } },
  reached: { azurerm_cognitive_account: { subresource: 'account', zone: /\/privatelink\.openai\.azure\.com$/ } },
  check: ({ address, type, values }) =>
    type === 'azurerm_cognitive_account' && !values['custom_subdomain_name']
      ? [`${address}: without custom_subdomain_name there is no Entra token for it`]
      : [],
  waits: ({ type }) => (type === 'azurerm_cognitive_deployment' ? ['azurerm_private_endpoint'] : []),
}
