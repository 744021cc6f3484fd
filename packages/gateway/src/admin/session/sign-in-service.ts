/** The sign-in service as the console's server uses it. Its documents are read when needed, and again later. */
import type { Clock } from '../../clock.ts'
import {
  authorizationUrl,
  type CodeSecrets,
  connectSignIn,
  endSessionUrl,
  redeemCode,
  refreshSignIn,
  type SignedIn,
  type SignInClient,
} from '../../identity/signin/index.ts'
import type { SessionSettings } from './index.ts'

/** Documents of the service are read again after so long: endpoints change seldom, and never without notice. */
const documentsMs = 600_000

interface Connected {
  /** What it was connected with: another configuration connects again. */
  readonly settings: string
  readonly untilMs: number
  readonly client: Promise<SignInClient>
}

/** All methods reject with SignInError, except where they say otherwise. */
export class SignInService {
  readonly #settings: () => SessionSettings
  readonly #clock: Clock
  #connected: Connected | null = null

  constructor(settings: () => SessionSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  async authorizationUrl(redirectUri: string, secrets: CodeSecrets): Promise<URL> {
    return authorizationUrl(await this.#client(), { redirectUri, ...secrets })
  }

  /** @param query that of the request with which the service sent the person back, `?code=...&state=...`. */
  async redeem(redirectUri: string, query: string, secrets: CodeSecrets): Promise<SignedIn> {
    return redeemCode(await this.#client(), new URL(query, redirectUri), secrets)
  }

  async refresh(refreshToken: string): Promise<SignedIn> {
    return refreshSignIn(await this.#client(), refreshToken)
  }

  /** Where the person ends the sign-in at the service itself; null when it has no such address or does not answer. */
  async endSessionUrl(returnTo: string): Promise<string | null> {
    try {
      return endSessionUrl(await this.#client(), returnTo)
    } catch {
      return null
    }
  }

  #client(): Promise<SignInClient> {
    const { signIn, entra } = this.#settings()
    if (signIn === null) throw new TypeError('no sign-in is configured')
    const tenantId = signIn.tenant ?? entra.tenants[0] ?? ''
    const scope = signIn.scope ?? `${(entra.audiences[0] ?? '').replace(/\/+$/, '')}/.default`
    const given = { authority: entra.authority, tenantId, clientId: signIn.clientId, scope }
    const secret = signIn.clientSecret ?? null
    const settings = JSON.stringify({ ...given, secret })
    const known = this.#connected
    if (known !== null && known.settings === settings && known.untilMs > this.#clock()) return known.client
    const client = connectSignIn(given, { clock: this.#clock, secret })
    const connected = { settings, untilMs: this.#clock() + documentsMs, client }
    this.#connected = connected
    client.catch(() => {
      // The next sign-in tries again.
      if (this.#connected === connected) this.#connected = null
    })
    return client
  }
}
