import type { Mistakes } from './mutation.ts'

const main = 'modules/identity/main.tf'

/** Mistakes in the module `identity`. */
export const identity: Mistakes = {
  written: [
    {
      mistake: 'there is no such type of resource',
      file: main,
      from: '"azurerm_user_assigned_identity"',
      to: '"azurerm_user_identity"',
      found: /no such type/,
    },
    {
      mistake: 'a resource has no tags',
      file: main,
      from: '  tags                = var.tags\n',
      to: '',
      found: /the tag Company is missing/,
    },
    {
      mistake: 'a role is assigned that manages everything',
      file: main,
      from: 'role_definition_name = each.value.role',
      to: 'role_definition_name = "Contributor"',
      found: /the role Contributor is more than is needed/,
    },
    {
      mistake: 'nobody says that the principal of a role is an application',
      file: main,
      from: '  principal_type       = "ServicePrincipal"\n',
      to: '',
      found: /principal_type must be ServicePrincipal/,
    },
  ],
  computed: [],
}
