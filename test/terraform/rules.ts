/**
 * What must hold for every resource, on whichever machine the check runs: as it is written (expressions unresolved) or
 * with the values that Terraform computed.
 */
import { type Block, blocksOf, type Module, type Resource, texts } from './hcl.ts'
import type { ProviderSchema } from './schema.ts'

/** Roles that something here may be given. */
const roles = new Set([
  'Azure Event Hubs Data Receiver',
  'Azure Event Hubs Data Sender',
  'Cognitive Services OpenAI User',
  'Cognitive Services User',
])

/** Tags of every resource. */
const tags = ['Company', 'Environment', 'ManagedBy', 'Project']

/** Values that a resource must have, and why. */
const required: Readonly<Record<string, Block>> = {
  azurerm_cognitive_account: { local_auth_enabled: false, public_network_access_enabled: false },
  azurerm_eventhub_namespace: { local_authentication_enabled: false, public_network_access_enabled: false },
  azurerm_kusto_cluster: { public_network_access_enabled: false, auto_stop_enabled: false },
  azurerm_role_assignment: { principal_type: 'ServicePrincipal' },
  azurerm_private_dns_zone_virtual_network_link: { registration_enabled: false },
}

/** What has data and therefore an endpoint in the network, with the subresource and the zones of that endpoint. */
const reached: Readonly<Record<string, { readonly subresource: string; readonly zone: RegExp }>> = {
  azurerm_cognitive_account: { subresource: 'account', zone: /\/privatelink\.openai\.azure\.com$/ },
  azurerm_eventhub_namespace: { subresource: 'namespace', zone: /\/privatelink\.servicebus\.windows\.net$/ },
  azurerm_kusto_cluster: { subresource: 'cluster', zone: /\/privatelink\.[a-z0-9]+\.kusto\.windows\.net$/ },
}

/** Findings about resources that Terraform would make, or that a module has. */
export function brokenRules(resources: readonly Resource[], schema: ProviderSchema): readonly string[] {
  return [
    ...resources.flatMap(resource => [
      ...wrongValues(resource),
      ...(resource.type in schema.resources ? untagged(resource, schema) : []),
      ...openRules(resource),
      ...looseEndpoint(resource),
      ...wideRole(resource),
      ...deafNamespace(resource),
    ]),
    ...unreached(resources),
    ...unlinked(resources),
  ]
}

function wrongValues({ address, type, values }: Resource): readonly string[] {
  const wanted = Object.entries(required[type] ?? {})
  return [
    ...wanted
      .filter(([name, value]) => values[name] !== value)
      .map(([name, value]) => `${address}: ${name} must be ${value}, and is ${values[name]}`),
    ...(type === 'azurerm_cognitive_account' && !values['custom_subdomain_name']
      ? [`${address}: without custom_subdomain_name there is no Entra token for it`]
      : []),
  ]
}

function untagged({ address, type, values }: Resource, schema: ProviderSchema): readonly string[] {
  if (schema.resources[type]?.attributes['tags'] === undefined) return []
  const given = values['tags']
  if (typeof given === 'string' && given.includes('${')) return []
  const missing = tags.filter(tag => typeof given !== 'object' || given === null || !(tag in given))
  return missing.map(tag => `${address}: the tag ${tag} is missing`)
}

/** Rules of network security groups that let anybody in, or groups that refuse nobody. */
function openRules({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_network_security_group') return []
  const inbound = blocksOf(values, 'security_rule').filter(rule => rule['direction'] === 'Inbound')
  const open = inbound.filter(
    rule =>
      rule['access'] === 'Allow' && ['*', 'Internet', '0.0.0.0/0'].includes(String(rule['source_address_prefix'])),
  )
  const closed = inbound.some(rule => rule['access'] === 'Deny' && rule['source_address_prefix'] === '*')
  return [
    ...open.map(rule => `${address}: the rule ${rule['name']} lets the whole internet in`),
    ...(closed ? [] : [`${address}: nothing refuses everybody else`]),
  ]
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

/** A private namespace that Data Explorer cannot read, or with rules that Azure would refuse. */
function deafNamespace({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_eventhub_namespace') return []
  const [rules = {}] = blocksOf(values, 'network_rulesets')
  return [
    ...(rules['trusted_service_access_enabled'] === true ? [] : [`${address}: Data Explorer cannot read it`]),
    ...(rules['public_network_access_enabled'] === values['public_network_access_enabled']
      ? []
      : [`${address}: its network rules must say the same about public access`]),
  ]
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
      return to.includes(`\${${address}.id}`) || (values['id'] !== undefined && to.includes(String(values['id'])))
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
        texts(output['value']).some(text => /_key\b|connection_string|_secret\b|password/.test(text)),
      )
      .map(([name]) => `${module.directory}: the output ${name} shows a secret`),
  ])
}

/** What does not wait for resources that it does not name: deployments, scripts of a database, its data connection. */
function earlyResource({ address, type, values }: Resource): readonly string[] {
  const waits = texts(values['depends_on']).map(text => text.replace(/^\$\{(.*)\}$/, '$1'))
  const lacking = (on: string) =>
    waits.some(text => text.startsWith(`${on}.`)) ? [] : [`${address}: it must wait for ${on}`]
  if (type === 'azurerm_cognitive_deployment') return lacking('azurerm_private_endpoint')
  if (type === 'azurerm_kusto_script' && address !== 'azurerm_kusto_script.tables') return lacking(type)
  if (type !== 'azurerm_kusto_eventhub_data_connection') return []
  return [
    ...lacking('azurerm_kusto_script'),
    ...lacking('azurerm_role_assignment'),
    ...(values['identity_id'] === undefined ? [`${address}: it would sign in with a key`] : []),
  ]
}
