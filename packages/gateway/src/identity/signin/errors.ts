export type SignInErrorCode =
  /** The address of the sign-in service cannot be used, or what it says of itself cannot. */
  | 'sign_in_service_invalid'
  /** It did not answer. */
  | 'sign_in_unreachable'
  /** It answered with an error. */
  | 'sign_in_refused'
  /** Nothing stands in the cache, or the service no longer takes what stands there. */
  | 'not_signed_in'
  /** The person did not finish in time, or it was interrupted. */
  | 'sign_in_unfinished'
  /** The token file is not the user's alone. */
  | 'token_file_exposed'
  | 'token_file_unusable'

/** `message` is for people, in one line; it holds no token, code or secret. */
export class SignInError extends Error {
  readonly code: SignInErrorCode
  /** What to do about it; null when there is nothing to advise. */
  readonly next: string | null

  constructor(code: SignInErrorCode, message: string, options?: ErrorOptions & { readonly next?: string }) {
    super(message, options)
    this.name = 'SignInError'
    this.code = code
    this.next = options?.next ?? null
  }
}
