/** Resources of the tenant: what a scope or an audience may name, and which form of token each one takes. */
import { EntraError } from './errors.ts'
import { printable } from './http.ts'

/** A resource as one token names it. */
export interface Resource {
  /** Claim `aud`. */
  readonly audience: string
  readonly version: '1.0' | '2.0'
  /** Application roles and groups are for the gateway's own audiences; every tenant has Graph and Resource Manager besides. */
  readonly gateway: boolean
}

export interface RequestedScopes {
  readonly resource: Resource
  /** Delegated permissions as claim `scp` says them, sorted. */
  readonly permissions: readonly string[]
  /** `openid`: an ID token is asked for. */
  readonly idToken: boolean
  /** `offline_access`: a refresh token is asked for. */
  readonly refreshToken: boolean
  /** As they came, for the answer's `scope`. */
  readonly asked: string
}

const standardAudiences = ['https://cognitiveservices.azure.com', 'https://ai.azure.com']
const graph: Resource = { audience: 'https://graph.microsoft.com', version: '1.0', gateway: false }
const tenantResources: readonly Resource[] = [
  graph,
  { audience: 'https://management.azure.com', version: '1.0', gateway: false },
]
const protocolScopes = new Set(['openid', 'profile', 'email', 'offline_access'])
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * An app registration of one's own takes version 2 tokens, whose audience is always its client id; Microsoft's own resources take
 * version 1 tokens, whose audience is the URI as it was asked for. Source: Entra, "access token claims reference", claim `aud`.
 */
export function resourceOf(audience: string): Resource {
  const clientId = audience.replace(/^api:\/\//, '')
  if (guid.test(clientId)) return { audience: clientId.toLowerCase(), version: '2.0', gateway: true }
  return { audience, version: '1.0', gateway: true }
}

export class Resources {
  readonly #known: ReadonlyMap<string, Resource>
  readonly #tenantId: string

  /** @param audiences Besides the standard ones: URIs, or client ids of own app registrations. */
  constructor(tenantId: string, audiences: readonly string[]) {
    const rows = [...tenantResources, ...[...standardAudiences, ...audiences].map(resourceOf)]
    this.#known = new Map(rows.map(row => [bare(row.audience), row]))
    this.#tenantId = tenantId
  }

  /** The v1 endpoints name a resource, the v2 endpoints one inside each scope. */
  named(name: string): Resource {
    const row = this.#known.get(bare(name))
    if (row === undefined) {
      const known = [...this.#known.values()].map(resource => resource.audience).join(', ')
      throw new EntraError('resource_unknown', { resource: printable(name), tenant: this.#tenantId, known })
    }
    // Entra puts the URI into `aud` as it was asked for, trailing slash and all.
    return row.version === '1.0' ? { ...row, audience: name } : row
  }

  /** `X/.default openid offline_access` -> audience X. Without any resource, a token for Microsoft Graph, as Entra does. */
  scopes(asked: string): RequestedScopes {
    const words = asked.split(' ').filter(word => word !== '')
    const permissions = new Set<string>()
    let name: string | null = null
    for (const word of words.filter(word => !protocolScopes.has(word))) {
      const [resource, permission] = splitScope(word)
      if (name !== null && bare(name) !== bare(resource)) {
        throw new EntraError('scope_invalid', { reason: 'It names more than one resource; one token is for one.' })
      }
      name = resource
      // `.default` stands for all that was consented to; for these resources that is the one permission they offer.
      permissions.add(permission === '.default' ? 'user_impersonation' : permission)
    }
    return {
      resource: name === null ? graph : this.named(name),
      permissions: name === null ? ['User.Read'] : [...permissions].sort(),
      idToken: words.includes('openid'),
      refreshToken: words.includes('offline_access'),
      asked: words.join(' '),
    }
  }
}

function splitScope(word: string): [resource: string, permission: string] {
  const at = word.lastIndexOf('/')
  // A permission without a resource is one of Microsoft Graph.
  if (at < 0) return [graph.audience, word]
  const permission = word.slice(at + 1)
  if (at === 0 || permission === '') throw new EntraError('scope_invalid', { reason: 'Use RESOURCE/.default.' })
  return [word.slice(0, at), permission]
}

function bare(name: string): string {
  return name
    .replace(/^api:\/\//, '')
    .replace(/\/$/, '')
    .toLowerCase()
}
