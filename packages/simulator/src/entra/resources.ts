/** Resources of the tenant: what a scope or an audience may name, and which form of token each one takes. */

import type { Directory, Registration } from '../types.ts'
import { EntraError } from './errors.ts'
import { printable } from './http.ts'

/** A resource as one token names it. */
export interface Resource {
  /** Claim `aud`. */
  readonly audience: string
  readonly version: '1.0' | '2.0'
  /** The manifest by which its tokens are made; null for a resource of Microsoft's own, which no company configures. */
  readonly registration: Registration | null
  /** Microsoft Graph: an application's permissions stand in the token. */
  readonly isGraph: boolean
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

export const graphAudience = 'https://graph.microsoft.com'
/** Every tenant has them. */
const microsoftAudiences = [
  'https://cognitiveservices.azure.com',
  'https://ai.azure.com',
  graphAudience,
  'https://management.azure.com',
]
const protocolScopes = new Set(['openid', 'profile', 'email', 'offline_access'])

export class Resources {
  readonly #known: ReadonlyMap<string, Registration | null>
  readonly #directory: Directory
  readonly #graphNames: ReadonlySet<string>

  /** @param graphUrl Where the tenant's own Graph answers: a name of Graph beside Microsoft's, as sovereign clouds have theirs. */
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
   * The same for any name: one that nobody registered has no manifest. Tokens of version 2 have the client id as audience, those of version 1
   * the name as it was asked for, with a slash at its end if it had one. Source: Entra, "access token claims reference", claim `aud`.
   * @param version Instead of the registration's own.
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

  /** What a token is for when nothing is said. */
  get ownAudience(): string {
    const [own] = this.#directory.registrations
    return own?.uris[0] ?? own?.appId ?? 'https://cognitiveservices.azure.com'
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
      resource: this.named(name ?? graphAudience),
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
  if (at < 0) return [graphAudience, word]
  const permission = word.slice(at + 1)
  if (at === 0 || permission === '') throw new EntraError('scope_invalid', { reason: 'Use RESOURCE/.default.' })
  return [word.slice(0, at), permission]
}

/** A slash at the end and case do not matter. */
function bare(name: string): string {
  return name.replace(/\/$/, '').toLowerCase()
}
