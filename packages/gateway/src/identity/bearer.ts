import { IdentityError } from './errors.ts'

/**
 * Longest token that is read, in characters. Entra's tokens stay below it: it writes at most 200 groups into one, about
 * 8 KiB. A longer token is refused before anything is computed from it.
 */
export const tokenCharactersMax = 16_384

/** Audiences that are accepted, at least one. */
type Audiences = readonly string[]

function howToGetOne([audience = 'AUDIENCE']: Audiences): string {
  return (
    'This gateway takes access tokens of Microsoft Entra ID. Get one with `gatehouse token`, or with ' +
    `\`az account get-access-token --scope ${audience.replace(/\/+$/, '')}/.default\`, and send it as ` +
    '"Authorization: Bearer TOKEN" (or in "api-key").'
  )
}

/**
 * The token of a request, from `Authorization: Bearer`, or from `api-key` for clients that cannot send tokens. When
 * both are sent and exactly one has the form of a token, that one counts: SDKs fill the other with a placeholder
 * (`Bearer undefined`, `Bearer unused`). The gateway forwards neither, so nothing after the gateway can read the other
 * one.
 *
 * @param rawHeaders names and values in turn, as in `IncomingMessage.rawHeaders`, which still shows duplicates.
 * @param audiences of the gateway: messages name the first one.
 * @returns the token, of the form `a.b.c` and at most `tokenCharactersMax` long. Nothing about it is verified yet.
 * @throws IdentityError token_missing, token_ambiguous, token_malformed.
 */
export function readToken(rawHeaders: readonly string[], audiences: Audiences): { token: string } {
  const authorization = single(rawHeaders, 'authorization')
  const apiKey = single(rawHeaders, 'api-key')
  if (authorization !== null && apiKey !== null) return { token: ofTwo(authorization, apiKey, audiences) }
  if (authorization !== null)
    return { token: checked(bearerToken(authorization, audiences), 'Authorization', audiences) }
  if (apiKey !== null) return { token: checked(apiKey, 'api-key', audiences) }
  throw new IdentityError('token_missing', `The request carries no token. ${howToGetOne(audiences)}`)
}

function ofTwo(authorization: string, apiKey: string, audiences: Audiences): string {
  const bearer = bearerOrNull(authorization)
  if (bearer === apiKey || !looksLikeToken(bearer)) return checked(apiKey, 'api-key', audiences)
  if (!looksLikeToken(apiKey)) return checked(bearer, 'Authorization', audiences)
  throw new IdentityError(
    'token_ambiguous',
    'The headers "Authorization" and "api-key" hold different tokens. Send the token in one of them.',
  )
}

/** @throws IdentityError token_malformed */
function checked(token: string, name: 'Authorization' | 'api-key', audiences: Audiences): string {
  if (token.length > tokenCharactersMax) throw tokenTooLong()
  if (hasThreeParts(token)) return token
  throw new IdentityError(
    'token_malformed',
    `The header "${name}" holds something else than a token, perhaps an API key. ${howToGetOne(audiences)}`,
  )
}

export function tokenTooLong(): IdentityError {
  return new IdentityError(
    'token_malformed',
    `The token is longer than ${tokenCharactersMax} characters. If its user is in very many groups, let the application ` +
      'registration emit only the groups that are assigned to it, or use app roles.',
  )
}

/**
 * The one value of a header; null when it is absent or empty. Two values are refused: it is unknown which one was
 * meant.
 */
function single(rawHeaders: readonly string[], name: 'authorization' | 'api-key'): string | null {
  let found: string | null = null
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i]
    if (candidate === undefined || candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    if (found !== null) {
      throw new IdentityError(
        'token_ambiguous',
        `The request carries the header "${name}" more than once. Send it once.`,
      )
    }
    found = rawHeaders[i + 1] ?? ''
  }
  const value = found === null ? '' : trimmed(found)
  return value === '' ? null : value
}

/** @throws IdentityError token_missing */
function bearerToken(value: string, audiences: Audiences): string {
  const token = bearerOrNull(value)
  if (token === null) {
    throw new IdentityError(
      'token_missing',
      `The header "Authorization" is not of the form "Bearer TOKEN"; other schemes are not taken. ${howToGetOne(audiences)}`,
    )
  }
  if (token === '') {
    throw new IdentityError(
      'token_missing',
      `No token follows "Bearer" in the header "Authorization". ${howToGetOne(audiences)}`,
    )
  }
  return token
}

/**
 * The text after the scheme, empty when there is none; null for another scheme. RFC 9110, section 11.1: the scheme's
 * letters may be of either case, and one or more spaces follow it.
 */
function bearerOrNull(value: string): string | null {
  if (value.slice(0, 6).toLowerCase() !== 'bearer') return null
  if (value.length === 6) return ''
  return value.charCodeAt(6) === 0x20 ? trimmed(value.slice(7)) : null
}

/**
 * Removes spaces and tabs at both ends. `trim` would also remove characters that HTTP does not count as white space.
 */
function trimmed(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return start === 0 && end === value.length ? value : value.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/**
 * True when there are two dots with something before each. The third part may be empty: a token with `alg: none` has an
 * empty signature, and the verifier refuses that algorithm by name. The verifier also checks the alphabet, for tokens
 * that are not remembered yet.
 */
function hasThreeParts(token: string): boolean {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  return first > 0 && second > first + 1 && token.indexOf('.', second + 1) === -1
}

/**
 * True for three parts of which the first is base64url of something that begins like a JSON object: `{"`, `{ ` or `{`
 * and a line break.
 */
function looksLikeToken(text: string | null): text is string {
  return text !== null && text.charCodeAt(0) === 0x65 && (text[1] === 'y' || text[1] === 'w') && hasThreeParts(text)
}
