import { IdentityError } from './errors.ts'

/**
 * Longest token that is looked at, in characters. Tokens of Entra stay below it: at most 200 groups are written into one, about
 * 8 KiB. A longer one is refused before anything is computed over it.
 */
export const tokenCharactersMax = 16_384

const howToGetOne =
  'This gateway takes access tokens of Microsoft Entra ID. Get one with `gatehouse token`, or with ' +
  '`az account get-access-token --resource AUDIENCE`, and send it as "Authorization: Bearer TOKEN" (or in "api-key").'

/**
 * The token of a request, from `Authorization: Bearer` or from `api-key`, which clients without support for tokens can set.
 *
 * @param rawHeaders names and values in turn, as `IncomingMessage.rawHeaders` holds them: duplicates are still visible there.
 * @returns the token, of the form `a.b.c` and at most `tokenCharactersMax` long; nothing about it has been verified.
 * @throws IdentityError token_missing, token_ambiguous, token_malformed.
 */
export function readToken(rawHeaders: readonly string[]): { token: string } {
  const authorization = single(rawHeaders, 'authorization')
  const apiKey = single(rawHeaders, 'api-key')
  const bearer = authorization === null ? null : bearerToken(authorization)
  if (bearer !== null && apiKey !== null && apiKey !== bearer) {
    throw new IdentityError(
      'token_ambiguous',
      'The headers "Authorization" and "api-key" hold different credentials. Send the token in one of them.',
    )
  }
  const token = bearer ?? apiKey
  if (token === null) {
    throw new IdentityError('token_missing', `The request carries no token. ${howToGetOne}`)
  }
  if (token.length > tokenCharactersMax) throw tokenTooLong()
  if (!hasThreeParts(token)) {
    const where = bearer === null ? 'The header "api-key" holds' : 'The header "Authorization" holds'
    throw new IdentityError(
      'token_malformed',
      `${where} something else than a token, perhaps an API key. ${howToGetOne}`,
    )
  }
  return { token }
}

export function tokenTooLong(): IdentityError {
  return new IdentityError(
    'token_malformed',
    `The token is longer than ${tokenCharactersMax} characters. If its user is in very many groups, let the application ` +
      'registration emit only the groups that are assigned to it, or use app roles.',
  )
}

/** The one value of a header; null when it is absent or empty. Which of two was meant nobody can know, so two are refused. */
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

/** RFC 9110, section 11.1: the scheme's letters may be of either case, one space or more follow it. */
function bearerToken(value: string): string {
  if (value.length >= 6 && value.slice(0, 6).toLowerCase() === 'bearer') {
    if (value.length === 6) {
      throw new IdentityError(
        'token_missing',
        `No token follows "Bearer" in the header "Authorization". ${howToGetOne}`,
      )
    }
    if (value.charCodeAt(6) === 0x20) return trimmed(value.slice(7))
  }
  throw new IdentityError(
    'token_missing',
    `The header "Authorization" is not of the form "Bearer TOKEN"; other schemes are not taken. ${howToGetOne}`,
  )
}

/** Without spaces and tabs at both ends. By hand: `trim` would also take characters that HTTP does not count as white space. */
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
 * Whether there are two dots, with something before each. The third part may be empty: so is the signature of a token with
 * `alg: none`, which the verifier refuses by its name. The alphabet is checked there too, for tokens not yet remembered.
 */
function hasThreeParts(token: string): boolean {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  return first > 0 && second > first + 1 && token.indexOf('.', second + 1) === -1
}
