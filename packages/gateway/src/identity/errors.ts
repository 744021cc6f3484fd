/**
 * Why a token was refused. The first group is for the caller to fix (401); `keys_unavailable` is the gateway's problem
 * (503).
 */
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

/**
 * Thrown by `readToken` and the verifier. `message` may be shown to the caller and logged: of the token it contains
 * only the claims that name its origin (`aud`, `iss`, `tid`, `ver`, `appid`), cut and cleaned by `quoted`.
 */
export class IdentityError extends Error {
  readonly code: IdentityErrorCode
  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IdentityError'
    this.code = code
  }
}

/**
 * The groups of a caller cannot be found out right now. This is the gateway's problem (503), never a refusal of the
 * caller.
 */
export class GroupsUnavailable extends Error {
  readonly code = 'groups_unavailable'
  /** Milliseconds after which another attempt may help. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    super('The groups of the caller cannot be looked up right now.', options)
    this.name = 'GroupsUnavailable'
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * The configured sign-in service cannot be used. Thrown while the verifier is built, so the start or the reload fails.
 */
export class AuthorityError extends Error {
  readonly code = 'authority_invalid'
  constructor(message: string) {
    super(message)
    this.name = 'AuthorityError'
  }
}

const quotedCharactersMax = 200

/**
 * A claim as a message may show it: in quotation marks, at most 200 characters, and without characters that could break
 * a log line or a header (control characters, line separators, direction marks, lone surrogates).
 */
export function quoted(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value !== 'string') return `a value of type ${Array.isArray(value) ? 'array' : typeof value}`
  const cut = value.length > quotedCharactersMax ? `${value.slice(0, quotedCharactersMax)}…` : value
  return `"${cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"\\]/gu, '')}"`
}
