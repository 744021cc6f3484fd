/** Connection strings of Application Insights. https://learn.microsoft.com/azure/azure-monitor/app/connection-strings */

export interface InsightsResource {
  /** Instrumentation key: a GUID. */
  readonly key: string
  /** Origin that takes telemetry: `https://westeurope-5.in.applicationinsights.azure.com`. */
  readonly endpoint: string
  /** What a token must be for. */
  readonly scope: string
}

/** Where resources of the public cloud without an endpoint of their own send to. */
const standardEndpoint = 'https://dc.services.visualstudio.com'
const standardAudience = 'https://monitor.azure.com'

/** Null where it is no connection string: `InstrumentationKey=...;IngestionEndpoint=https://.../;...`. */
export function resourceOf(connectionString: string): InsightsResource | null {
  const parts = new Map<string, string>()
  for (const part of connectionString.split(';')) {
    if (part.trim() === '') continue
    const [, name, value] = /^\s*([A-Za-z]+)\s*=\s*(\S+)\s*$/.exec(part) ?? []
    if (name === undefined || value === undefined) return null
    parts.set(name.toLowerCase(), value)
  }
  const key = parts.get('instrumentationkey')?.toLowerCase() ?? ''
  const endpoint = URL.parse(endpointIn(parts))
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key) || endpoint === null) return null
  if (!/^https?:$/.test(endpoint.protocol) || endpoint.username !== '' || endpoint.search !== '') return null
  if (endpoint.pathname !== '/') return null
  const audience = (parts.get('aadaudience') ?? standardAudience).replace(/\/+$/, '')
  return { key, endpoint: endpoint.origin, scope: `${audience}/.default` }
}

function endpointIn(parts: ReadonlyMap<string, string>): string {
  const suffix = parts.get('endpointsuffix')
  const location = parts.get('location')
  const standard =
    suffix === undefined ? standardEndpoint : `https://${location === undefined ? '' : `${location}.`}dc.${suffix}`
  return parts.get('ingestionendpoint') ?? standard
}
