/** The endpoint of each path. `{tenant}` is the tenant's id, `common` or `organizations`. */
import { authorize } from './authorize.ts'
import { rotateKeys, setDown, setGraphFault, tokenByName } from './control.ts'
import { devicePage, logout, startDevice } from './device.ts'
import { discoveryDocument, keySet } from './discovery.ts'
import { EntraError } from './errors.ts'
import { tokenEndpoint } from './grants.ts'
import { type EntraAnswer, type EntraCall, printable } from './http.ts'
import { appServiceToken, instanceMetadataToken } from './managed-identity.ts'
import type { Endpoint, EntraService } from './service.ts'

interface EntraRoute {
  readonly methods: readonly ('GET' | 'POST')[]
  readonly path: string
  /** Counted in `keySetReads`. */
  readonly read?: true
  /** Answers during an outage too: it is the route that ends one. */
  readonly evenDown?: true
  readonly answer: Endpoint<EntraAnswer>
}

const anyMethod = ['GET', 'POST'] as const

const routes: readonly EntraRoute[] = [
  {
    methods: ['GET'],
    path: '/{tenant}/.well-known/openid-configuration',
    read: true,
    answer: (_, service, tenant) => discoveryDocument(service, tenant, '1.0'),
  },
  {
    methods: ['GET'],
    path: '/{tenant}/discovery/keys',
    read: true,
    answer: (_, service, tenant) => keySet(service, tenant, '1.0'),
  },
  {
    methods: anyMethod,
    path: '/{tenant}/oauth2/authorize',
    answer: (call, service) => authorize(call, service, '1.0'),
  },
  { methods: ['POST'], path: '/{tenant}/oauth2/token', answer: (call, service) => tokenEndpoint(call, service, '1.0') },
  {
    methods: ['POST'],
    path: '/{tenant}/oauth2/devicecode',
    answer: (call, service) => startDevice(call, service, '1.0'),
  },
  { methods: ['GET'], path: '/{tenant}/oauth2/logout', answer: logout },
  {
    methods: ['GET'],
    path: '/{tenant}/v2.0/.well-known/openid-configuration',
    read: true,
    answer: (_, service, tenant) => discoveryDocument(service, tenant, '2.0'),
  },
  {
    methods: ['GET'],
    path: '/{tenant}/discovery/v2.0/keys',
    read: true,
    answer: (_, service, tenant) => keySet(service, tenant, '2.0'),
  },
  {
    methods: anyMethod,
    path: '/{tenant}/oauth2/v2.0/authorize',
    answer: (call, service) => authorize(call, service, '2.0'),
  },
  {
    methods: ['POST'],
    path: '/{tenant}/oauth2/v2.0/token',
    answer: (call, service) => tokenEndpoint(call, service, '2.0'),
  },
  {
    methods: ['POST'],
    path: '/{tenant}/oauth2/v2.0/devicecode',
    answer: (call, service) => startDevice(call, service, '2.0'),
  },
  { methods: ['GET'], path: '/{tenant}/oauth2/v2.0/logout', answer: logout },
  { methods: anyMethod, path: '/devicelogin', answer: devicePage },
  { methods: ['GET'], path: '/msi/token', answer: appServiceToken },
  { methods: ['GET'], path: '/metadata/identity/oauth2/token', answer: instanceMetadataToken },
  { methods: ['POST'], path: '/_simulator/rotate-keys', evenDown: true, answer: rotateKeys },
  { methods: ['POST'], path: '/_simulator/down', evenDown: true, answer: setDown },
  { methods: ['POST'], path: '/_simulator/graph', evenDown: true, answer: setGraphFault },
  { methods: ['POST'], path: '/_simulator/token', evenDown: true, answer: tokenByName },
]

const table = new Map(routes.map(route => [route.path, route]))

export interface FoundRoute {
  readonly route: EntraRoute
  readonly tenant: string | null
}

/** The route of a path: as it is, or with its first segment as the tenant. Null when there is none. */
export function findRoute(path: string): FoundRoute | null {
  const literal = table.get(path)
  if (literal !== undefined) return { route: literal, tenant: null }
  const [, tenant, rest] = /^\/([^/]+)(\/.+)$/.exec(path) ?? []
  if (tenant === undefined || rest === undefined) return null
  const route = table.get(`/{tenant}${rest}`)
  return route === undefined ? null : { route, tenant }
}

export function answerRoute(
  { route, tenant }: FoundRoute,
  call: EntraCall,
  service: EntraService,
): Promise<EntraAnswer> | EntraAnswer {
  const method = call.method === 'HEAD' ? 'GET' : call.method
  if (!route.methods.some(allowed => allowed === method)) {
    throw new EntraError('method_not_allowed', { allowed: route.methods.join(' and ') })
  }
  return route.answer(call, service, tenant === null ? service.directory.tenantId : knownTenant(service, tenant))
}

function knownTenant(service: EntraService, tenant: string): string {
  const name = tenant.toLowerCase()
  if (name === service.directory.tenantId || name === 'common' || name === 'organizations') return name
  throw new EntraError('tenant_unknown', { tenant: printable(tenant), known: service.directory.tenantId })
}
