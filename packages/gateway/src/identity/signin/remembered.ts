/**
 * The token of a person who signed in before: from the cache while it is valid, renewed in time, without a question to
 * the person.
 */
import type { Clock } from '../../clock.ts'
import type { CachedToken, TokenCache } from './cache.ts'
import { connectSignIn, refreshSignIn, type SignInSettings } from './client.ts'
import { SignInError } from './errors.ts'

/** A token is renewed when its remaining life is shorter than this, so that it does not expire in flight. */
export const refreshBeforeMs = 5 * 60_000

export interface RememberedOptions {
  readonly cache: TokenCache
  readonly clock: Clock
  /** True: the token in the cache does not do, because it was refused. */
  readonly renew?: boolean
}

/**
 * @param account As `alice@contoso.com`; null means the account that signed in last.
 * @throws SignInError `not_signed_in`, `sign_in_unreachable` and the cache's own
 */
export async function rememberedToken(
  settings: SignInSettings,
  account: string | null,
  { cache, clock, renew = false }: RememberedOptions,
): Promise<string> {
  const all = await cache.of(settings)
  const known = all.filter(token => account === null || token.account.toLowerCase() === account.toLowerCase())
  const [latest] = known
  if (latest === undefined) throw notSignedIn(settings, account, all)
  const exact = known.find(token => token.account === latest.account && token.scope === settings.scope) ?? null
  if (!renew && exact !== null && exact.expiresAtMs - clock() > refreshBeforeMs) return exact.accessToken
  return renewed(settings, latest.account, exact, known, { cache, clock })
}

function notSignedIn(
  { tenantId }: SignInSettings,
  account: string | null,
  others: readonly CachedToken[],
): SignInError {
  const who = account === null ? 'You are not signed in' : `${account} is not signed in`
  const names = [...new Set(others.map(other => other.account))]
  const rest = names.length === 0 ? '' : `; ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`
  return new SignInError('not_signed_in', `${who} to tenant ${tenantId} on this machine${rest}.`)
}

async function renewed(
  settings: SignInSettings,
  account: string,
  exact: CachedToken | null,
  known: readonly CachedToken[],
  { cache, clock }: { readonly cache: TokenCache; readonly clock: Clock },
): Promise<string> {
  // A refresh token belongs to the person, whatever resource it was given for.
  const source = exact?.refreshToken ?? known.find(token => token.account === account)?.refreshToken ?? null
  if (source === null) {
    if (exact !== null && exact.expiresAtMs > clock()) return exact.accessToken
    throw new SignInError('not_signed_in', `The sign-in of ${account} has expired.`)
  }
  try {
    const client = await connectSignIn(settings, { clock })
    const fresh = await refreshSignIn(client, source)
    await cache.put(settings, account, { ...fresh, refreshToken: fresh.refreshToken ?? source })
    return fresh.accessToken
  } catch (error) {
    // The service is down and the token is still valid: use it until its end.
    const stillGood = exact !== null && exact.expiresAtMs > clock()
    if (stillGood && error instanceof SignInError && error.code === 'sign_in_unreachable') return exact.accessToken
    throw error
  }
}
