/** Discovery documents and key sets, in the forms of the v1 and the v2 endpoints. */
import { issuers } from './claims.ts'
import { type EntraAnswer, jsonAnswer } from './http.ts'
import type { EntraService } from './service.ts'

/** Browsers may read these from any origin, as with Entra: they are public. */
const open = { 'access-control-allow-origin': '*', 'cache-control': 'max-age=86400, private' }

/** @param tenant as in the path: an alias is repeated in the endpoints, and the issuer then has `{tenantid}`. */
export function discoveryDocument(service: EntraService, tenant: string, version: '1.0' | '2.0'): EntraAnswer {
  const root = `${service.authority}/${tenant}`
  const infix = version === '2.0' ? '/v2.0' : ''
  const issuerTenant = tenant === service.directory.tenantId ? tenant : '{tenantid}'
  const document = {
    issuer: issuers(service.authority, issuerTenant)[version],
    authorization_endpoint: `${root}/oauth2${infix}/authorize`,
    token_endpoint: `${root}/oauth2${infix}/token`,
    device_authorization_endpoint: `${root}/oauth2${infix}/devicecode`,
    end_session_endpoint: `${root}/oauth2${infix}/logout`,
    jwks_uri: `${root}/discovery${infix}/keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'name', 'tid', 'oid', 'ver', 'preferred_username'],
    tenant_region_scope: 'EU',
  }
  return jsonAnswer(200, document, open)
}

export function keySet(service: EntraService, tenant: string, version: '1.0' | '2.0'): EntraAnswer {
  const issuerTenant = tenant === service.directory.tenantId ? tenant : '{tenantid}'
  const issuer = issuers(service.authority, issuerTenant)[version]
  // Only the v2 set names the issuer of a key.
  const keys = service.keys.published().map(key => (version === '2.0' ? { ...key, issuer } : key))
  return jsonAnswer(200, { keys }, open)
}
