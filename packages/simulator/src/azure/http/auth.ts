import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { errors } from 'jose'
import type { Clock } from '../../clock.ts'
import { TenantTokens } from '../../tenant-tokens.ts'
import type { AzureSimulatorOptions } from '../../types.ts'
import { keyRefused, permissionDenied, tokenRefused, unavailable } from '../errors.ts'
import type { Route } from './routing.ts'

const audiences = ['https://cognitiveservices.azure.com', 'https://ai.azure.com']
const verifiedTokensMax = 2_000

interface VerifiedToken {
  readonly objectId: string
  readonly expiresAtMs: number
}

/**
 * Admits calls with a key or a token, as the service does: `api-key` wins over `Authorization`; on v1 a key may also
 * come as bearer. Tokens: RS256, both resource audiences with and without the last slash, issuer and keys from the
 * authority's two discovery documents (read at the first token, then kept; an unknown kid reads the keys again). No
 * role: 401 PermissionDenied.
 */
export class Gate {
  readonly #keys: readonly Buffer[] | null
  readonly #entra: NonNullable<AzureSimulatorOptions['entra']> | null
  readonly #clock: Clock
  readonly #verified = new Map<string, VerifiedToken>()
  readonly #tokens: TenantTokens | null

  constructor(options: Pick<AzureSimulatorOptions, 'keys' | 'entra'>, clock: Clock) {
    this.#keys = options.keys ? options.keys.map(digest) : null
    this.#entra = options.entra ?? null
    this.#clock = clock
    this.#tokens = options.entra ? new TenantTokens(options.entra, audiences, clock) : null
  }

  /** `oid` of the token, `key`, or null when every call is accepted. Throws an AzureError otherwise. */
  admit(headers: IncomingHttpHeaders, route: Route): string | null | Promise<string> {
    if (!this.#keys && !this.#entra) return null
    const isV1 = route.apiVersion === null
    const key = headers['api-key']
    if (typeof key === 'string') {
      if (this.#knowsKey(key)) return 'key'
      throw keyRefused()
    }
    const [, bearer] = /^bearer +([^ ]+) *$/i.exec(headers.authorization ?? '') ?? []
    if (bearer === undefined) throw tokenRefused(isV1)
    if (isV1 && this.#knowsKey(bearer)) return 'key'
    if (!this.#entra) throw tokenRefused(isV1)
    return this.#admitToken(bearer, route)
  }

  #knowsKey(key: string): boolean {
    const seen = digest(key)
    return this.#keys?.some(known => timingSafeEqual(known, seen)) ?? false
  }

  async #admitToken(token: string, route: Route): Promise<string> {
    const objectId = this.#ownerOf(token) ?? (await this.#verify(token, route.apiVersion === null))
    const allowed = this.#entra?.allowedObjectIds ?? []
    if (allowed === 'all' || allowed.includes(objectId)) return objectId
    const prefix = 'Microsoft.CognitiveServices/accounts/OpenAI'
    const path = route.facts.deployment === 'path' ? `deployments/{deployment-id}/${route.operation}` : route.operation
    throw permissionDenied(objectId, `${prefix}/${route.facts.dataAction}`, `${route.method} /openai/${path}`)
  }

  #ownerOf(token: string): string | null {
    const known = this.#verified.get(token)
    return known && known.expiresAtMs > this.#clock() ? known.objectId : null
  }

  async #verify(token: string, isV1: boolean): Promise<string> {
    if (this.#tokens === null) throw tokenRefused(isV1)
    const payload = await this.#tokens.payload(token).catch((cause: unknown) => {
      throw keysUnread(cause) ? unavailable() : tokenRefused(isV1)
    })
    const { oid, tid, exp } = payload
    const ours = typeof tid === 'string' && tid.toLowerCase() === this.#entra?.tenantId.toLowerCase()
    if (!ours || typeof oid !== 'string' || exp === undefined) throw tokenRefused(isV1)
    // Evicts the oldest; verifying a token again costs little.
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size < verifiedTokensMax) break
      this.#verified.delete(oldest)
    }
    this.#verified.set(token, { objectId: oid, expiresAtMs: exp * 1000 })
    return oid
  }
}

/** True when the key set could not be read: an outage of the authority is not an error of the token. */
function keysUnread(cause: unknown): boolean {
  return (
    !(cause instanceof errors.JOSEError) || cause.code === 'ERR_JWKS_TIMEOUT' || cause.code === errors.JOSEError.code
  )
}

/** Digests have equal lengths, as `timingSafeEqual` requires. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
