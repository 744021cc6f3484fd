/**
 * The refusals of the sign-in service, as Entra's: an OAuth code, and an AADSTS number that people search for. Numbers
 * and OAuth codes: Microsoft, "Microsoft Entra authentication and authorization error codes". Words in braces are
 * filled in from the request; none of them is ever a secret, a code or a token.
 */

interface ErrorFacts {
  readonly status: number
  readonly error: string
  readonly number: number
  readonly say: string
}

export const entraErrors = {
  missing_parameter: {
    status: 400,
    error: 'invalid_request',
    number: 900144,
    say: "The request must contain the following parameter: '{name}'.",
  },
  duplicate_parameter: {
    status: 400,
    error: 'invalid_request',
    number: 9002316,
    say: "The parameter '{name}' was sent more than once.",
  },
  not_a_form: {
    status: 400,
    error: 'invalid_request',
    number: 900561,
    say: 'The endpoint takes POST with content-type application/x-www-form-urlencoded.',
  },
  not_json: { status: 400, error: 'invalid_request', number: 9002313, say: 'The body is not JSON.' },
  bad_request: { status: 400, error: 'invalid_request', number: 9002313, say: 'Invalid request. {reason}' },
  body_too_large: { status: 413, error: 'invalid_request', number: 90015, say: 'The request is too large.' },
  method_not_allowed: {
    status: 405,
    error: 'invalid_request',
    number: 900561,
    say: 'The endpoint only accepts {allowed} requests.',
  },
  not_found: { status: 404, error: 'invalid_request', number: 90002, say: 'There is no such endpoint here.' },
  host_refused: {
    status: 421,
    error: 'invalid_request',
    number: 90019,
    say: 'The Host header must name a loopback address: this sign-in service listens on one.',
  },
  tenant_unknown: {
    status: 400,
    error: 'invalid_tenant',
    number: 90002,
    say: "Tenant '{tenant}' not found. This service knows {known}, common and organizations.",
  },
  client_unknown: {
    status: 400,
    error: 'unauthorized_client',
    number: 700016,
    say: "Application with identifier '{client}' was not found in the directory '{tenant}'.",
  },
  client_secret_missing: {
    status: 401,
    error: 'invalid_client',
    number: 7000218,
    say: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  client_secret_wrong: {
    status: 401,
    error: 'invalid_client',
    number: 7000215,
    say: "Invalid client secret provided for app '{client}'.",
  },
  client_public: {
    status: 401,
    error: 'invalid_client',
    number: 700025,
    say: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  client_assertion_unsupported: {
    status: 401,
    error: 'invalid_client',
    number: 700027,
    say: 'The application has no federated credential, and this simulator no certificates: it takes client_secret, not client_assertion.',
  },
  client_assertion_unmatched: {
    status: 401,
    error: 'invalid_client',
    number: 700213,
    say: "No matching federated identity record found for the presented assertion of '{client}': its issuer, subject, audience or key is another one, or it has expired.",
  },
  grant_unsupported: {
    status: 400,
    error: 'unsupported_grant_type',
    number: 70003,
    say: "The app requested an unsupported grant type '{grant}'.",
  },
  response_type_unsupported: {
    status: 400,
    error: 'unsupported_response_type',
    number: 700051,
    say: "response_type '{type}' is not enabled for the application. Use 'code'.",
  },
  response_mode_unsupported: {
    status: 400,
    error: 'invalid_request',
    number: 900144,
    say: "response_mode '{mode}' is not supported here. Use 'query' or 'fragment'.",
  },
  redirect_unregistered: {
    status: 400,
    error: 'invalid_request',
    number: 50011,
    say: "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the application '{client}'.",
  },
  redirect_differs: {
    status: 400,
    error: 'invalid_grant',
    number: 500112,
    say: 'The reply address does not match the reply address provided when requesting the authorization code.',
  },
  pkce_missing: {
    status: 400,
    error: 'invalid_request',
    number: 9002325,
    say: "Proof Key for Code Exchange is required: send 'code_challenge' with code_challenge_method 'S256'.",
  },
  pkce_malformed: {
    status: 400,
    error: 'invalid_request',
    number: 501491,
    say: 'The code_challenge must be 43 characters of base64url, the SHA-256 of the verifier, with code_challenge_method S256.',
  },
  verifier_wrong: {
    status: 400,
    error: 'invalid_grant',
    number: 501481,
    say: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  },
  code_unknown: {
    status: 400,
    error: 'invalid_grant',
    number: 9002313,
    say: 'The authorization code is malformed, unknown, or was issued to another client or tenant.',
  },
  code_redeemed: {
    status: 400,
    error: 'invalid_grant',
    number: 54005,
    say: 'OAuth2 Authorization code was already redeemed. Retry with a new valid code.',
  },
  code_expired: {
    status: 400,
    error: 'invalid_grant',
    number: 70008,
    say: 'The provided authorization code has expired. Send a new interactive authorization request.',
  },
  refresh_invalid: {
    status: 400,
    error: 'invalid_grant',
    number: 9002313,
    say: 'The refresh token is malformed, unknown, or was issued to another client.',
  },
  refresh_expired: {
    status: 400,
    error: 'invalid_grant',
    number: 700082,
    say: 'The refresh token has expired. Sign in again.',
  },
  password_wrong: {
    status: 400,
    error: 'invalid_grant',
    number: 50126,
    say: 'Error validating credentials due to invalid username or password.',
  },
  user_unknown: {
    status: 400,
    error: 'invalid_grant',
    number: 50034,
    say: 'The user account does not exist in the {tenant} directory.',
  },
  scope_invalid: {
    status: 400,
    error: 'invalid_scope',
    number: 70011,
    say: "The provided value for the input parameter 'scope' is not valid. {reason}",
  },
  client_credentials_scope: {
    status: 400,
    error: 'invalid_scope',
    number: 1002012,
    say: 'The scope of client credentials must be one resource with the suffix /.default.',
  },
  resource_unknown: {
    status: 400,
    error: 'invalid_resource',
    number: 500011,
    say: "The resource principal named {resource} was not found in the tenant '{tenant}'. Known here: {known}.",
  },
  login_required: {
    status: 400,
    error: 'login_required',
    number: 50058,
    say: 'A silent sign-in request was sent but no user is signed in.',
  },
  consent_declined: {
    status: 400,
    error: 'access_denied',
    number: 65004,
    say: 'The user declined to sign in.',
  },
  device_pending: {
    status: 400,
    error: 'authorization_pending',
    number: 70016,
    say: 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  },
  device_declined: {
    status: 400,
    error: 'authorization_declined',
    number: 70017,
    say: 'OAuth 2.0 device flow error. The user declined to sign in.',
  },
  device_code_bad: {
    status: 400,
    error: 'bad_verification_code',
    number: 70019,
    say: 'The device code is unknown, was already redeemed, or was issued to another client.',
  },
  device_expired: {
    status: 400,
    error: 'expired_token',
    number: 70020,
    say: 'The device code has expired. Ask for a new one.',
  },
  down: {
    status: 503,
    error: 'temporarily_unavailable',
    number: 90033,
    say: 'A transient error has occurred. Please try again.',
  },
  internal: { status: 500, error: 'server_error', number: 90000, say: 'The simulator made a mistake.' },
} as const satisfies Record<string, ErrorFacts>

export type EntraErrorCode = keyof typeof entraErrors

export class EntraError extends Error {
  readonly code: EntraErrorCode
  readonly facts: ErrorFacts

  constructor(code: EntraErrorCode, words: Readonly<Record<string, string>> = {}, options?: ErrorOptions) {
    const facts: ErrorFacts = entraErrors[code]
    super(
      `AADSTS${facts.number}: ${facts.say.replace(/\{(\w+)\}/g, (_, name: string) => words[name] ?? '')}`.trim(),
      options,
    )
    this.name = 'EntraError'
    this.code = code
    this.facts = facts
  }
}
