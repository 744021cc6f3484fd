import type { Mistakes } from './mutation.ts'

const main = 'modules/entra/main.tf'
const clients = 'modules/entra/clients.tf'
const pipelines = 'modules/entra/pipelines.tf'

/** Mistakes in the module `entra`. */
export const entra: Mistakes = {
  written: [
    {
      mistake: 'tokens of the registration are of version 1',
      file: main,
      from: 'requested_access_token_version = 2',
      to: 'requested_access_token_version = 1',
      found: /its tokens must be of version 2/,
    },
    {
      mistake: 'whoever has no role gets a token',
      file: main,
      from: '  app_role_assignment_required = true\n',
      to: '',
      found: /whoever has no role would get a token/,
    },
    {
      mistake: 'roles are assigned before they exist',
      file: main,
      from: 'azuread_application_app_role.this, azuread_application_permission_scope.user]',
      to: 'azuread_application_permission_scope.user]',
      found: /it must wait for azuread_application_app_role/,
    },
    {
      mistake: 'the client of pages has a secret',
      file: clients,
      from: 'type           = "SPA"',
      to: 'type           = "Web"',
      found: /a client of type Web needs a secret/,
    },
    {
      mistake: 'tokens are sent to whoever listens',
      file: clients,
      from: '["http://localhost"]',
      to: '["http://gatehouse.example"]',
      found: /tokens must not be sent to http:\/\/gatehouse\.example/,
    },
    {
      mistake: 'a page gets tokens in its address',
      file: clients,
      from: '  description      = "Signs people in for the console of Gatehouse."\n',
      to: '  description      = "Signs people in for the console of Gatehouse."\n  implicit_access_token_issuance_enabled = true\n',
      found: /it must not give tokens in addresses/,
    },
    {
      mistake: 'tokens of a pipeline are for somebody else',
      file: pipelines,
      from: '["api://AzureADTokenExchange"]',
      to: '["api://gatehouse"]',
      found: /the audience must be api:\/\/AzureADTokenExchange/,
    },
    {
      mistake: 'an argument of the registration is misspelt',
      file: main,
      from: '  group_membership_claims ',
      to: '  group_membership_claim ',
      found: /no argument group_membership_claim/,
    },
  ],
  computed: [],
}
