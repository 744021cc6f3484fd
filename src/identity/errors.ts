/** Why a token was not accepted. The first group is the caller's to mend (401), `keys_unavailable` is ours (503). */
export type IdentityErrorCode =
  | 'token_missing'
  | 'token_ambiguous'
  | 'token_malformed'
  | 'token_algorithm'
  | 'token_signature'
  | 'token_issuer'
  | 'token_tenant'
  | 'token_audience'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_claims'
  | 'token_client'
  | 'keys_unavailable'

/** Thrown by the verifier. `message` is fit for the caller: it never holds any part of the token. */
export class IdentityError extends Error {
  readonly code: IdentityErrorCode
  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IdentityError'
    this.code = code
  }
}
