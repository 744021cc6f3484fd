/** What a connection may do: the tokens that it has shown to the node `$cbs`, and how they are checked. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { errors } from 'jose'
import type { Clock } from '../clock.ts'
import type { TenantTokens } from '../tenant-tokens.ts'

export interface PutToken {
  /** `sb://NAMESPACE/HUB`, what the token is for. */
  readonly audience: string
  /** `jwt` or `servicebus.windows.net:sastoken`. */
  readonly type: string
  readonly token: string
}

/** Null when the token was accepted, else the status and the reason of the refusal. */
export type ClaimAnswer = { readonly status: 401 | 500; readonly reason: string } | null

export interface ClaimParts {
  readonly clock: Clock
  readonly keys: () => Readonly<Record<string, string>>
  readonly tokens: TenantTokens | null
  readonly allowedObjectIds: readonly string[] | 'all'
}

/** The claims of one connection. */
export class Claims {
  readonly #parts: ClaimParts
  /** Path of an audience, as `records/ConsumerGroups/$default`, and when its token expires. */
  readonly #expiries = new Map<string, number>()

  constructor(parts: ClaimParts) {
    this.#parts = parts
  }

  async put({ audience, type, token }: PutToken): Promise<ClaimAnswer> {
    const checked = type === 'jwt' ? await this.#ofTenant(token) : this.#ofKey(token, audience)
    if (typeof checked !== 'number') return checked
    if (checked <= this.#parts.clock()) return refused('ExpiredToken: The token is expired.')
    this.#expiries.set(pathOf(audience), checked)
    return null
  }

  /** @param address of a node, as `records/Partitions/0` or `$management`. */
  allow(address: string): boolean {
    const now = this.#parts.clock()
    const node = address.toLowerCase()
    return [...this.#expiries].some(
      ([path, expiresAtMs]) => expiresAtMs > now && (covers(path, node) || path.endsWith(`/${node}`)),
    )
  }

  expire(): void {
    this.#expiries.clear()
  }

  async #ofTenant(token: string): Promise<number | ClaimAnswer> {
    const { tokens, allowedObjectIds } = this.#parts
    if (tokens === null) return refused('InvalidIssuer: Token issuer is invalid.')
    try {
      const { oid, exp = 0 } = await tokens.payload(token)
      const isAllowed = allowedObjectIds === 'all' || allowedObjectIds.includes(String(oid))
      return isAllowed ? exp * 1_000 : refused('Unauthorized access. Send, Listen claim(s) are required.')
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) return refused('ExpiredToken: The token is expired.')
      if (cause instanceof errors.JOSEError) return refused('InvalidToken: The token is not valid for this resource.')
      return { status: 500, reason: 'The keys of the tenant cannot be read.' }
    }
  }

  /** https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature#generate-sas-token */
  #ofKey(token: string, audience: string): number | ClaimAnswer {
    const fields = new URLSearchParams(token.replace(/^SharedAccessSignature\s+/, ''))
    const [resource, signature, expiry, name] = ['sr', 'sig', 'se', 'skn'].map(field => fields.get(field) ?? '')
    const key = Object.entries(this.#parts.keys()).find(([known]) => known === name)?.[1]
    if (key === undefined || resource === undefined || signature === undefined || expiry === undefined)
      return refused('InvalidSignature: The key name of the token is not known.')
    const signed = createHmac('sha256', key)
      .update(`${encodeURIComponent(resource)}\n${expiry}`)
      .digest()
    const shown = Buffer.from(signature, 'base64')
    if (shown.byteLength !== signed.byteLength || !timingSafeEqual(shown, signed))
      return refused('InvalidSignature: The token has an invalid signature.')
    if (!covers(pathOf(resource), pathOf(audience))) return refused('InvalidAudience: The audience is not covered.')
    return Number(expiry) * 1_000
  }
}

const refused = (reason: string): ClaimAnswer => ({ status: 401, reason })

const covers = (path: string, address: string): boolean =>
  path === '' || path === address || address.startsWith(`${path}/`)

/** `sb://host:port/records` -> `records`. */
const pathOf = (audience: string): string => decodeURIComponent(audience.replace(/^\w+:\/\/[^/]*\/?/, '')).toLowerCase()
