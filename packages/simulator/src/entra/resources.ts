/** Resources of the tenant: the names for them in scopes and audiences, and the form of their tokens. */

import type { Directory, Registration } from '../types.ts'
import { EntraError } from './errors.ts'
import { printable } from './http.ts'

/** A resource as one token names it. */
export interface Resource {
  /** Claim `aud`. */
  readonly audience: string
  readonly version: '1.0' | '2.0'
  /** The manifest that decides on its tokens; null for a resource of Microsoft's own, which no company configures. */
  readonly registration: Registration | null
  /** True for Microsoft Graph: the token then has an application's permissions. */
  readonly isGraph: boolean
}

export interface RequestedScopes {
  readonly resource: Resource
  /** Delegated permissions for the claim `scp`, sorted. */
  readonly permissions: readonly string[]
  /** `openid`: an ID token is requested. */
  readonly idToken: boolean
  /** `offline_access`: a refresh token is requested. */
  readonly refreshToken: boolean
  /** As they came, for the answer's `scope`. */
  readonly requested: string
}

export const graphAudience = 'https://graph.microsoft.com'
/** Every tenant has them. */
const microsoftAudiences = [
  'https://cognitiveservices.azure.com',
  'https://ai.azure.com',
  graphAudience,
  'https://management.azure.com',
  'https://eventhubs.azure.net',
  'https://monitor.azure.com',
  'https://redis.azure.com',
]
const protocolScopes = new Set(['openid', 'profile', 'email', 'offline_access'])

export class Resources {
  readonly #known: ReadonlyMap<string, Registration | null>
  readonly #directory: Directory
  readonly #graphNames: ReadonlySet<string>

  /** @param graphUrl address of the tenant's own Graph, a name of Graph beside Microsoft's, as in sovereign clouds. */
  constructor(directory: Directory, graphUrl: string) {
    const own = directory.registrations.flatMap(row => [row.appId, ...row.uris].map(name => [bare(name), row] as const))
    this.#known = new Map([...[...microsoftAudiences, graphUrl].map(name => [bare(name), null] as const), ...own])
    this.#directory = directory
    this.#graphNames = new Set([graphAudience, graphUrl].map(bare))
  }

  /** The v1 endpoints name a resource, the v2 endpoints one inside each scope. */
  named(name: string): Resource {
    if (this.#known.has(bare(name))) return this.any(name)
    const known = [...this.#known.keys()].join(', ')
    throw new EntraError('resource_unknown', { resource: printable(name), tenant: this.#directory.tenantId, known })
  }

  /**
   * The resource of any name: one without a registration has no manifest. Tokens of version 2 have the client id as
   * audience, those of version 1 the name of the request, with a slash at its end if it had one. Source: Entra, "access
   * token claims reference", claim `aud`.
   * @param version replaces the registration's own.
   */
  any(name: string, version?: Resource['version']): Resource {
    const registration = this.#known.get(bare(name)) ?? null
    const made = version ?? (registration?.accessTokenVersion === 2 ? '2.0' : '1.0')
    return {
      audience: registration !== null && made === '2.0' ? registration.appId : name,
      version: made,
      registration,
      isGraph: this.#graphNames.has(bare(name)),
    }
  }

  /** The audience of tokens when the request names none. */
  get ownAudience(): string {
    const [own] = this.#directory.registrations
    return own?.uris[0] ?? own?.appId ?? 'https://cognitiveservices.azure.com'
  }

  /**
   * `X/.default openid offline_access` -> audience X. Without any resource, a token for Microsoft Graph, as Entra does.
   */
  scopes(requested: string): RequestedScopes {
    const words = requested.split(' ').filter(word => word !== '')
    const permissions = new Set<string>()
    let name: string | null = null
    for (const word of words.filter(word => !protocolScopes.has(word))) {
      const [resource, permission] = splitScope(word)
      if (name !== null && bare(name) !== bare(resource)) {
        throw new EntraError('scope_invalid', { reason: 'It names more than one resource; one token is for one.' })
      }
      name = resource
      // `.default` represents all permissions with consent; for these resources that is the only one that they offer.
      permissions.add(permission === '.default' ? 'user_impersonation' : permission)
    }
    return {
      resource: this.named(name ?? graphAudience),
      permissions: name === null ? ['User.Read'] : [...permissions].sort(),
      idToken: words.includes('openid'),
      refreshToken: words.includes('offline_access'),
      requested: words.join(' '),
    }
  }
}

function splitScope(word: string): [resource: string, permission: string] {
  const at = word.lastIndexOf('/')
  // A permission without a resource is one of Microsoft Graph.
  if (at < 0) return [graphAudience, word]
  const permission = word.slice(at + 1)
  if (at === 0 || permission === '') throw new EntraError('scope_invalid', { reason: 'Use RESOURCE/.default.' })
  return [word.slice(0, at), permission]
}

/** Case and a slash at the end do not matter. */
function bare(name: string): string {
  return name.replace(/\/$/, '').toLowerCase()
}
