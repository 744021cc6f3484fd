/**
 * What must hold for every resource, on whichever machine the check runs: as it is written (expressions unresolved) or
 * with the values that Terraform computed. What concerns one module is in a file of its own.
 */
import { blocksOf, type Module, type Resource, texts } from '../hcl.ts'
import type { Schemas } from '../schema.ts'
import { aks } from './aks.ts'
import { edge } from './edge.ts'
import { entra } from './entra.ts'
import { gateway } from './gateway.ts'
import { identity } from './identity.ts'
import { ledger } from './ledger.ts'
import type { Endpoint, ModuleRules } from './module-rules.ts'
import { network } from './network.ts'
import { observability } from './observability.ts'
import { openai } from './openai.ts'
import { redis } from './redis.ts'
import { registry } from './registry.ts'
import { vault } from './vault.ts'

const all: readonly ModuleRules[] = [
  ...[network, openai, identity, ledger, observability, entra, edge],
  ...[registry, vault, redis, gateway, aks],
]

/** Roles that something here may be given. */
const roles = new Set(all.flatMap(each => each.roles ?? []))
const required = all.flatMap(each => Object.entries(each.required ?? {}))
const reached: Readonly<Record<string, Endpoint>> = Object.assign({}, ...all.map(each => each.reached))

/** Tags of every resource. */
const tags = ['Company', 'Environment', 'ManagedBy', 'Project']

/** Findings about resources that Terraform would make, or that a module has. */
export function brokenRules(resources: readonly Resource[], schema: Schemas): readonly string[] {
  return [
    ...resources.flatMap(resource => [
      ...wrongValues(resource),
      ...(resource.type in schema.resources ? untagged(resource, schema) : []),
      ...looseEndpoint(resource),
      ...wideRole(resource),
      ...all.flatMap(({ check }) => check?.(resource) ?? []),
    ]),
    ...unreached(resources),
    ...unlinked(resources),
  ]
}

function wrongValues({ address, type, values }: Resource): readonly string[] {
  return required
    .flatMap(([of, wanted]) => (of === type ? Object.entries(wanted) : []))
    .filter(([name, value]) => values[name] !== value)
    .map(([name, value]) => `${address}: ${name} must be ${value}, and is ${values[name]}`)
}

function untagged({ address, type, values }: Resource, schema: Schemas): readonly string[] {
  // Those of Entra ID's objects are a list with a meaning for the portal.
  if (schema.resources[type]?.attributes['tags']?.type[0] !== 'map') return []
  const given = values['tags']
  if (typeof given === 'string' && given.includes('${')) return []
  const missing = tags.filter(tag => typeof given !== 'object' || given === null || !(tag in given))
  return missing.map(tag => `${address}: the tag ${tag} is missing`)
}

function looseEndpoint({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_private_endpoint') return []
  const zones = blocksOf(values, 'private_dns_zone_group').flatMap(group => texts(group['private_dns_zone_ids']))
  const manual = blocksOf(values, 'private_service_connection').some(each => each['is_manual_connection'] !== false)
  return [
    ...(zones.length === 0 ? [`${address}: no private DNS zone gets its address`] : []),
    ...(manual ? [`${address}: somebody would have to approve it by hand`] : []),
  ]
}

function wideRole({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_role_assignment') return []
  const role = String(values['role_definition_name'])
  return roles.has(role) || role.includes('${') ? [] : [`${address}: the role ${role} is more than is needed`]
}

/** What has no endpoint, or one of the wrong subresource or zone. */
function unreached(resources: readonly Resource[]): readonly string[] {
  const endpoints = resources.filter(({ type }) => type === 'azurerm_private_endpoint')
  return resources.flatMap(({ address, type, values }) => {
    const wanted = reached[type]
    if (wanted === undefined) return []
    const own = endpoints.find(endpoint => {
      const to = texts(
        blocksOf(endpoint.values, 'private_service_connection').map(each => each['private_connection_resource_id']),
      )
      const names = [`\${${address}.id}`, `\${${address}[0].id}`, String(values['id'])]
      return names.some(name => to.includes(name))
    })
    if (own === undefined) return [`${address}: it has no private endpoint`]
    const [connection = {}] = blocksOf(own.values, 'private_service_connection')
    const zones = blocksOf(own.values, 'private_dns_zone_group').flatMap(group => texts(group['private_dns_zone_ids']))
    const known = zones.every(zone => !zone.includes('${'))
    return [
      ...(texts(connection['subresource_names']).includes(wanted.subresource)
        ? []
        : [`${own.address}: the subresource must be ${wanted.subresource}`]),
      ...(known && !zones.some(zone => wanted.zone.test(zone))
        ? [`${own.address}: its zone must be ${wanted.zone}`]
        : []),
    ]
  })
}

/** Zones that no network looks into. */
function unlinked(resources: readonly Resource[]): readonly string[] {
  const links = resources.filter(({ type }) => type === 'azurerm_private_dns_zone_virtual_network_link')
  const linked = new Set(links.flatMap(({ values }) => texts(values['private_dns_zone_name'])))
  return resources
    .filter(({ type }) => type === 'azurerm_private_dns_zone')
    .filter(({ address, values }) => {
      const name = String(values['name'])
      return !linked.has(name) && ![...linked].some(each => each.includes(address))
    })
    .map(({ address }) => `${address}: no virtual network is linked with it`)
}

/** Findings about how modules are written: order of deployments, descriptions, secrets in outputs. */
export function brokenHabits(modules: readonly Module[]): readonly string[] {
  return modules.flatMap(module => [
    ...module.resources.flatMap(earlyResource),
    ...Object.entries(module.variables)
      .filter(([, variable]) => !variable['description'] || variable['type'] === undefined)
      .map(([name]) => `${module.directory}: the variable ${name} needs a type and a description`),
    ...Object.entries(module.outputs)
      .filter(([, output]) => !output['description'])
      .map(([name]) => `${module.directory}: the output ${name} needs a description`),
    ...Object.entries(module.outputs)
      .filter(([, output]) =>
        texts(output['value']).some(text =>
          /_key\b|connection_string|_secret\b|password|kube_(?:admin_)?config/.test(opening(text)),
        ),
      )
      .map(([name]) => `${module.directory}: the output ${name} shows a secret`),
  ])
}

/** An expression without what opens nothing by itself: where telemetry goes, while keys are off there. */
function opening(text: string): string {
  return text.replaceAll(/azurerm_application_insights\.\w+\.connection_string/g, '')
}

/** What does not wait for resources that it does not name. */
function earlyResource(resource: Resource): readonly string[] {
  const named = texts(resource.values['depends_on']).map(text => text.replace(/^\$\{(.*)\}$/, '$1'))
  return all
    .flatMap(({ waits }) => waits?.(resource) ?? [])
    .filter(on => !named.some(text => text.startsWith(`${on}.`)))
    .map(on => `${resource.address}: it must wait for ${on}`)
}
