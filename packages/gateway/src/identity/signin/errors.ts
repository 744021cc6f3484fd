export type SignInErrorCode =
  /** The address of the sign-in service cannot be used, or its discovery document cannot. */
  | 'sign_in_service_invalid'
  /** It did not answer. */
  | 'sign_in_unreachable'
  /** It answered with an error. */
  | 'sign_in_refused'
  /** The cache has no entry, or the service no longer accepts the refresh token of the entry. */
  | 'not_signed_in'
  /** The person did not finish in time, or the sign-in was interrupted. */
  | 'sign_in_unfinished'
  /** Others can read or write the token file. */
  | 'token_file_exposed'
  | 'token_file_unusable'

/** `message` is for people, in one line. It contains no token, code or secret. */
export class SignInError extends Error {
  readonly code: SignInErrorCode
  /** Advice for the person; null when there is none. */
  readonly next: string | null

  constructor(code: SignInErrorCode, message: string, options?: ErrorOptions & { readonly next?: string }) {
    super(message, options)
    this.name = 'SignInError'
    this.code = code
    this.next = options?.next ?? null
  }
}
