import { type Resource, texts } from '../hcl.ts'
import type { ModuleRules } from './module-rules.ts'

export const entra: ModuleRules = {
  check: resource => [...wrongRegistration(resource), ...openService(resource), ...looseClient(resource)],
  /** Entra gives a role to nobody before it exists. */
  waits: ({ address, type }) =>
    type === 'azuread_service_principal' && isOf(address, 'api') ? ['azuread_application_app_role'] : [],
}

const isOf = (address: string, name: string) => address.endsWith(`.${name}`)

/** Tokens of version 1 have another audience and issuer. */
function wrongRegistration({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azuread_application_registration') return []
  return [
    ...(isOf(address, 'api') && values['requested_access_token_version'] !== 2
      ? [`${address}: its tokens must be of version 2`]
      : []),
    ...(values['implicit_access_token_issuance_enabled'] === true ||
    values['implicit_id_token_issuance_enabled'] === true
      ? [`${address}: it must not give tokens in addresses`]
      : []),
  ]
}

function openService({ address, type, values }: Resource): readonly string[] {
  const isOpen =
    type === 'azuread_service_principal' && isOf(address, 'api') && values['app_role_assignment_required'] !== true
  return isOpen ? [`${address}: whoever has no role would get a token`] : []
}

/** Clients of people and pages have no secret; pipelines sign in for Entra's exchange alone. */
function looseClient({ address, type, values }: Resource): readonly string[] {
  if (/^azuread_(?:application|service_principal)_(?:password|certificate)$/.test(type)) {
    return [`${address}: no client may have a secret`]
  }
  if (type === 'azuread_application_redirect_uris') {
    const open = texts(values['redirect_uris']).filter(uri => uri.includes('*') || /^http:\/\/(?!localhost)/.test(uri))
    return [
      ...(values['type'] === 'Web' ? [`${address}: a client of type Web needs a secret`] : []),
      ...open.map(uri => `${address}: tokens must not be sent to ${uri}`),
    ]
  }
  if (type !== 'azuread_application_federated_identity_credential') return []
  const isExchange = texts(values['audiences']).join() === 'api://AzureADTokenExchange'
  return isExchange ? [] : [`${address}: the audience must be api://AzureADTokenExchange`]
}
