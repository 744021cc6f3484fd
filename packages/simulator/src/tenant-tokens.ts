/** Verifies tokens of a tenant as a service of Azure does that trusts it. */
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Clock } from './clock.ts'
import { isRecord } from './json.ts'

export interface TrustedTenant {
  /** `EntraSimulator.url`. */
  readonly authority: string
  readonly tenantId: string
}

interface Issuer {
  readonly issuer: string
  readonly keys: JWTVerifyGetKey
}

/** The discovery documents of the tenant could not be read. */
export class TenantUnreadError extends Error {
  constructor(options?: ErrorOptions) {
    super('The discovery documents of the tenant cannot be read.', options)
    this.name = 'TenantUnreadError'
  }
}

/**
 * RS256; issuer and keys from the authority's two discovery documents, which are read at the first token and then kept.
 * An unknown kid reads the keys again.
 */
export class TenantTokens {
  readonly #tenant: TrustedTenant
  readonly #audience: string[]
  readonly #clock: Clock
  #issuers: Promise<readonly Issuer[]> | null = null

  /** @param audiences that are accepted, with and without a slash at their end. */
  constructor(tenant: TrustedTenant, audiences: readonly string[], clock: Clock) {
    this.#tenant = tenant
    this.#audience = audiences.flatMap(name => [name, `${name}/`])
    this.#clock = clock
  }

  /** @throws JOSEError for a token that is not accepted, TenantUnreadError, and errors of `fetch`. */
  async payload(token: string): Promise<JWTPayload> {
    const issuers = await this.#discovered()
    const said = decodeJwt(token).iss
    const issuer = issuers.find(each => each.issuer === said)
    if (!issuer) throw new errors.JWTClaimValidationFailed('unknown issuer', {}, 'iss')
    const { payload } = await jwtVerify(token, issuer.keys, {
      algorithms: ['RS256'],
      audience: this.#audience,
      issuer: issuer.issuer,
      requiredClaims: ['exp'],
      clockTolerance: 60,
      currentDate: new Date(this.#clock()),
    })
    return payload
  }

  /** All calls share one read. After an outage the next call reads again. */
  #discovered(): Promise<readonly Issuer[]> {
    this.#issuers ??= this.#discover().catch(cause => {
      this.#issuers = null
      throw new TenantUnreadError({ cause })
    })
    return this.#issuers
  }

  #discover(): Promise<readonly Issuer[]> {
    const base = `${this.#tenant.authority.replace(/\/+$/, '')}/${this.#tenant.tenantId}`
    return Promise.all(
      [`${base}/.well-known/openid-configuration`, `${base}/v2.0/.well-known/openid-configuration`].map(readIssuer),
    )
  }
}

async function readIssuer(url: string): Promise<Issuer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  const document: unknown = await answer.json()
  if (!answer.ok || !isRecord(document)) throw new TenantUnreadError()
  const { issuer, jwks_uri: keysUrl } = document
  if (typeof issuer !== 'string' || typeof keysUrl !== 'string') throw new TenantUnreadError()
  // No pause between reads: tests rotate keys on demand, and the next token must find the new one.
  return { issuer, keys: createRemoteJWKSet(new URL(keysUrl), { cooldownDuration: 0 }) }
}
