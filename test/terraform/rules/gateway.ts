import { parse } from 'yaml'
import { z } from 'zod'
import { type Block, blocksOf, type Resource } from '../hcl.ts'
import { isGiven, type ModuleRules } from './module-rules.ts'

export const gateway: ModuleRules = {
  required: {
    azurerm_container_app_environment: { internal_load_balancer_enabled: true },
    azurerm_storage_account: {
      ...{ shared_access_key_enabled: false, public_network_access_enabled: false },
      allow_nested_items_to_be_public: false,
    },
  },
  reached: { azurerm_storage_account: { subresource: 'file', zone: /\/privatelink\.file\.core\.windows\.net$/ } },
  check: resource => [...app(resource), ...journal(resource), ...ingress(resource)],
}

/** Files that are mounted and are no secrets. */
const open = 'gatehouse-yaml'

function app(resource: Resource): readonly string[] {
  const { address, type, values } = resource
  if (type !== 'azurerm_container_app') return []
  const [ingress = {}] = blocksOf(values, 'ingress')
  const [template = {}] = blocksOf(values, 'template')
  const [identity = {}] = blocksOf(values, 'identity')
  const [container = {}] = blocksOf(template, 'container')
  return [
    ...(ingress['allow_insecure_connections'] === false ? [] : [`${address}: it answers without TLS`]),
    ...(identity['type'] === 'UserAssigned' ? [] : [`${address}: it has no identity of its own before it starts`]),
    ...blocksOf(values, 'registry')
      .filter(each => isGiven(each['username']) || isGiven(each['password_secret_name']))
      .map(() => `${address}: it pulls its image with a password`),
    ...blocksOf(values, 'secret')
      .filter(({ name, value }) => name !== open && isGiven(value))
      .map(({ name }) => `${address}: the secret ${name} would be in Terraform's state`),
    ...probes(address, container),
    ...volumes(address, template, container),
    ...grace(address, template, values),
  ]
}

function probes(address: string, container: Block): readonly string[] {
  const wanted = { startup_probe: '/healthz', liveness_probe: '/healthz', readiness_probe: '/readyz' }
  return Object.entries(wanted)
    .filter(([name, path]) => blocksOf(container, name)[0]?.['path'] !== path)
    .map(([name, path]) => `${address}: ${name} must ask ${path}`)
}

function volumes(address: string, template: Block, container: Block): readonly string[] {
  const mounted = new Set(blocksOf(container, 'volume_mounts').map(({ name }) => name))
  const types = blocksOf(template, 'volume').map(({ storage_type }) => storage_type)
  return [
    ...blocksOf(template, 'volume')
      .filter(({ name }) => !mounted.has(name))
      .map(({ name }) => `${address}: the volume ${name} is not mounted`),
    ...(types.includes('Secret') ? [] : [`${address}: its configuration is on no volume`]),
    ...(types.includes('AzureFile') ? [`${address}: a share by SMB needs a key, and has no locks`] : []),
    ...(types.length < 2 ? [`${address}: its journal is on no volume`] : []),
  ]
}

const configuration = z.object({
  gateway: z.object({ timeouts: z.object({ shutdownGrace: z.string().regex(/^\d+s$/) }) }),
})

/** Known once Terraform has computed both: how long calls may end, and when the process is killed. */
function grace(address: string, template: Block, values: Block): readonly string[] {
  const text = blocksOf(values, 'secret').find(({ name }) => name === open)?.['value']
  if (typeof text !== 'string' || text.includes('${var.')) return []
  const waits = Number.parseInt(configuration.parse(parse(text)).gateway.timeouts.shutdownGrace, 10)
  const given = Number(template['termination_grace_period_seconds'])
  return given >= waits + 20 ? [] : [`${address}: it is killed after ${given} s, and waits ${waits} s for calls`]
}

function journal({ address, type, values }: Resource): readonly string[] {
  if (type === 'azurerm_storage_share' && values['enabled_protocol'] !== 'NFS')
    return [`${address}: its protocol must be NFS`]
  if (type === 'azurerm_container_app_environment_storage' && isGiven(values['access_key']))
    return [`${address}: it is mounted with a key`]
  return []
}

/** A model may be silent for five minutes (`gateway.timeouts.firstByte`). */
const idleMinutesMin = 6

const premium = z.object({
  properties: z.object({ ingressConfiguration: z.object({ requestIdleTimeout: z.number().min(idleMinutesMin) }) }),
})

function ingress({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azapi_update_resource' || !String(values['type']).startsWith('Microsoft.App/')) return []
  // As it is written, the number is an expression.
  if (JSON.stringify(values['body']).includes('${var.')) return []
  return premium.safeParse(values['body']).success ? [] : [`${address}: it ends calls that are silent for 5 minutes`]
}
