/**
 * The form of a token: what can be known before any key is. Nothing read here is true until the signature is checked.
 */
import { IdentityError, quoted } from './errors.ts'

export interface UnverifiedToken {
  readonly keyId: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** RFC 7519, section 5.1 and RFC 9068, section 2.1. ID tokens share the first; `claims.ts` tells them apart. */
const tokenTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])

const keyIdCharactersMax = 256

/**
 * Splits `header.claims.signature`. Of the header only `alg`, `kid`, `typ` and `crit` are read: a key or the address of
 * a key in it (`jwk`, `jku`, `x5c`, `x5u`) is only the sender's claim.
 * @throws IdentityError token_malformed, token_algorithm.
 */
export function parseToken(token: string): UnverifiedToken {
  const parts = token.split('.')
  const [header, claims, signature] = parts
  if (header === undefined || claims === undefined || signature === undefined || parts.length !== 3) {
    throw malformed('It must have three parts separated by dots.')
  }
  const head = jsonObject(header, 'first')
  if (head.alg !== 'RS256') {
    throw new IdentityError(
      'token_algorithm',
      `The token is signed with ${quoted(head.alg)}; RS256 is taken alone. Get a token from Microsoft Entra ID.`,
    )
  }
  if (head.crit !== undefined)
    throw malformed('Its header has "crit", which asks for an extension that is not supported.')
  if (head.typ !== undefined && (typeof head.typ !== 'string' || !tokenTypes.has(head.typ.toLowerCase()))) {
    throw malformed(`Its header has typ ${quoted(head.typ)} where an access token has "JWT".`)
  }
  const keyId = head.kid
  if (typeof keyId !== 'string' || keyId === '' || keyId.length > keyIdCharactersMax) {
    throw malformed('Its header has no usable "kid", the id of the key that signed it.')
  }
  if (signature === '') throw malformed('It is not signed.')
  bytesOf(signature, 'third')
  return { keyId, claims: jsonObject(claims, 'second') }
}

function jsonObject(part: string, which: string): Readonly<Record<string, unknown>> {
  const value = json(part, which)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`Its ${which} part is not a JSON object.`)
  }
  return value as Readonly<Record<string, unknown>>
}

function json(part: string, which: string): unknown {
  const bytes = bytesOf(part, which)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // The parser's own message quotes the text, which is part of a credential.
    throw malformed(`Its ${which} part is not JSON.`)
  }
}

/**
 * Accepts only exact base64url, so one token cannot be written in several ways, each verified and remembered
 * separately.
 */
function bytesOf(part: string, which: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) throw malformed(`Its ${which} part is not base64url; it may have been cut.`)
  return bytes
}

function malformed(why: string): IdentityError {
  return new IdentityError(
    'token_malformed',
    `The token is not a signed JSON Web Token. ${why} Send the access token as it was issued.`,
  )
}
