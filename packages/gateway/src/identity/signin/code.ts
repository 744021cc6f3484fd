/** Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), for the command line and for the console's server. */
import * as oidc from 'openid-client'
import { personScope, type SignedIn, type SignInClient, signedIn } from './client.ts'

/** What one sign-in must bring back: nobody else can know these three. */
export interface CodeSecrets {
  /** PKCE code verifier, 43 to 128 characters of RFC 7636's alphabet. */
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

export interface CodeRequest extends CodeSecrets {
  readonly redirectUri: string
  /** Account to offer first, as `alice@contoso.com`. */
  readonly accountHint?: string | undefined
}

/** The address at which the person signs in. */
export async function authorizationUrl(client: SignInClient, request: CodeRequest): Promise<URL> {
  const { redirectUri, verifier, state, nonce, accountHint } = request
  return oidc.buildAuthorizationUrl(client.configuration, {
    redirect_uri: redirectUri,
    response_type: 'code',
    response_mode: 'query',
    scope: personScope(client.settings),
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...(accountHint === undefined ? {} : { login_hint: accountHint }),
  })
}

/**
 * Redeems the code in an answer, and checks its state and the nonce in the ID token.
 * @param answer the redirect URI of the request with the parameters that came back.
 * @throws SignInError `sign_in_refused`, `sign_in_unreachable`, `sign_in_service_invalid`
 */
export function redeemCode(client: SignInClient, answer: URL, secrets: CodeSecrets): Promise<SignedIn> {
  const { verifier, state, nonce } = secrets
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  return signedIn(client, () => oidc.authorizationCodeGrant(client.configuration, answer, checks))
}

/**
 * Where a person ends the sign-in at the service itself (OpenID Connect RP-Initiated Logout 1.0); null where it has no
 * such address.
 * @param returnTo where the service may send the person afterwards.
 */
export function endSessionUrl(client: SignInClient, returnTo: string): string | null {
  if (client.configuration.serverMetadata().end_session_endpoint === undefined) return null
  return oidc.buildEndSessionUrl(client.configuration, { post_logout_redirect_uri: returnTo }).href
}
