/** Addresses of the gateway's port that need no token: health, readiness, and descriptions of the gateway itself. */
import type { Config } from '../../config/schema/index.ts'
import type { StoreState } from '../../limits/index.ts'
import type { Call, ClientCall } from '../call.ts'
import { Refusal } from '../refusals.ts'
import { baseUrl } from '../render.ts'
import { describeApi } from './openapi.ts'

/** Facts that decide whether a load balancer should send calls here. */
export interface Readiness {
  readonly accepting: boolean
  readonly ledger: boolean
  readonly limits: StoreState
  /** True when no call passes without meeting a limit. */
  readonly limitedThroughout: boolean
  /**
   * Number of instances that refuse the gateway's own credential. Their names are shown only to callers with a token.
   */
  readonly credentialsRefused: number
  /** Number of feeds that fail: a warning only, because no call needs them. */
  readonly feedsTroubled: number
  /** What is known of what the gateway depends on, for people: numbers, no names. Readiness does not depend on it. */
  readonly surroundings: Readonly<Record<string, string>>
}

export interface PageParts {
  /** Null: the Host header decides. */
  readonly publicUrl: string | null
  readonly identity: Config['identity']['entra']
  readonly ready: () => Readiness
}

interface Page {
  readonly status: number
  readonly body: unknown
}

const metadataPath = '/.well-known/oauth-protected-resource'

/**
 * Answers when the call is for one of these addresses.
 * @returns false for other calls: they pass all stages.
 * @throws Refusal method_not_allowed, request_malformed
 */
export function openPage(call: ClientCall, parts: PageParts): boolean {
  const question = call.url.indexOf('?')
  const path = question === -1 ? call.url : call.url.slice(0, question)
  const page = find(path, call, parts)
  if (page === null) return false
  if (call.fault !== null) throw new Refusal('request_malformed', { reason: call.fault })
  const { res, method, id } = call
  if (method === 'OPTIONS') {
    res.writeHead(204, { allow: 'GET, HEAD, OPTIONS', 'x-gatehouse-request-id': id })
    res.end()
    return true
  }
  if (method !== 'GET' && method !== 'HEAD') {
    throw new Refusal('method_not_allowed', { operation: path, allowed: 'GET, HEAD, OPTIONS', method })
  }
  const body = Buffer.from(JSON.stringify(page.body))
  res.writeHead(page.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-gatehouse-request-id': id,
  })
  res.end(method === 'HEAD' ? undefined : body)
  return true
}

function find(path: string, call: Call, parts: PageParts): Page | null {
  // For nearly every call the first letters show that it is none of these.
  if (path.length > 512 || !/^\/(healthz|readyz|openapi\.json|\.well-known\/)/.test(path)) return null
  if (path === '/healthz') return { status: 200, body: { status: 'ok' } }
  if (path === '/readyz') return readiness(parts.ready())
  const base = baseUrl(call, parts.publicUrl)
  if (path === '/openapi.json') return { status: 200, body: describeApi(base) }
  if (path === metadataPath || path.startsWith(`${metadataPath}/`)) {
    return { status: 200, body: protectedResource(base + path.slice(metadataPath.length), parts.identity) }
  }
  return null
}

/**
 * Without the store of the limits a process is ready while it can serve any call: `local` and `allow` serve all
 * calls, and with `refuse` calls that meet no limit still pass. Replicas share that store. If all of them were unready,
 * a balancer could send those calls nowhere, and clients would lose the answer that says what is wrong.
 */
export function isReady({ accepting, ledger, limits, limitedThroughout }: Readiness): boolean {
  return accepting && ledger && !(limits === 'refuse' && limitedThroughout)
}

function readiness(facts: Readiness): Page {
  const { accepting, ledger, limits, credentialsRefused, feedsTroubled, surroundings } = facts
  const ready = isReady(facts)
  // The process is still ready: other members serve, and no other replica has another credential.
  const refused = credentialsRefused > 0 ? { credentialsRefused } : {}
  const troubled = feedsTroubled > 0 ? { feedsTroubled } : {}
  return {
    status: ready ? 200 : 503,
    body: {
      status: ready ? 'ready' : 'not ready',
      checks: { accepting, ledger, ...surroundings },
      limits,
      ...refused,
      ...troubled,
    },
  }
}

/** Says where clients get tokens for this gateway (RFC 9728 section 2). */
function protectedResource(resource: string, identity: Config['identity']['entra']): unknown {
  const authority = identity.authority.replace(/\/+$/, '')
  return {
    resource,
    resource_name: 'Gatehouse',
    authorization_servers: identity.tenants.map(tenant => `${authority}/${tenant}/v2.0`),
    scopes_supported: identity.audiences.map(audience => `${audience.replace(/\/+$/, '')}/.default`),
    bearer_methods_supported: ['header'],
  }
}
