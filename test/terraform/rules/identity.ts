import type { ModuleRules } from './module-rules.ts'

export const identity: ModuleRules = {
  required: { azurerm_role_assignment: { principal_type: 'ServicePrincipal' } },
}
