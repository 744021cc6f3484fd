import { type Block, blocksOf, type Resource, texts } from '../hcl.ts'
import { isGiven, type ModuleRules } from './module-rules.ts'

export const aks: ModuleRules = {
  roles: ['AcrPull', 'Managed Identity Operator', 'Network Contributor', 'Private DNS Zone Contributor'],
  required: {
    azurerm_kubernetes_cluster: {
      ...{ private_cluster_enabled: true, private_cluster_public_fqdn_enabled: false, local_account_disabled: true },
      ...{ role_based_access_control_enabled: true, oidc_issuer_enabled: true, workload_identity_enabled: true },
    },
    azurerm_kubernetes_cluster_node_pool: { node_public_ip_enabled: false },
  },
  check: resource => [...openCluster(resource), ...oldCluster(resource), ...strange(resource), ...late(resource)],
  /** It writes into a zone and joins a subnet when it is made, and its nodes need a way out. */
  waits: ({ type }) =>
    type === 'azurerm_kubernetes_cluster' ? ['azurerm_role_assignment', 'azurerm_subnet_nat_gateway_association'] : [],
}

const wantedNetwork: Block = {
  ...{ network_plugin: 'azure', network_plugin_mode: 'overlay', network_policy: 'cilium' },
  ...{ network_data_plane: 'cilium', load_balancer_sku: 'standard' },
}

function openCluster({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_kubernetes_cluster') return []
  const [network = {}] = blocksOf(values, 'network_profile')
  const [entra = {}] = blocksOf(values, 'azure_active_directory_role_based_access_control')
  const [identity = {}] = blocksOf(values, 'identity')
  const [pool = {}] = blocksOf(values, 'default_node_pool')
  const outbound = String(network['outbound_type'])
  return [
    ...Object.entries(wantedNetwork)
      .filter(([name, value]) => network[name] !== value)
      .map(([name, value]) => `${address}: ${name} of its network must be ${value}, and is ${network[name]}`),
    ...(outbound === 'loadBalancer' || !isGiven(network['outbound_type'])
      ? [`${address}: its balancer would have a public address`]
      : []),
    ...(entra['azure_rbac_enabled'] === true ? [] : [`${address}: roles of Entra must decide who gets in`]),
    ...wrongZone(address, values),
    ...(identity['type'] === 'UserAssigned' ? [] : [`${address}: its identity has no rights before it is made`]),
    ...(blocksOf(values, 'kubelet_identity').length > 0 ? [] : [`${address}: its nodes may pull no image`]),
    ...(pool['node_public_ip_enabled'] === false ? [] : [`${address}: its nodes have public addresses`]),
    ...(pool['only_critical_addons_enabled'] === true ? [] : [`${address}: the gateway would run on system nodes`]),
    ...blocksOf(values, 'oms_agent')
      .filter(agent => agent['msi_auth_for_monitoring_enabled'] !== true)
      .map(() => `${address}: its agent would need a key of the workspace`),
    ...(blocksOf(values, 'service_principal').length === 0 ? [] : [`${address}: it signs in with a secret`]),
  ]
}

function wrongZone(address: string, { private_dns_zone_id: zone, location }: Block): readonly string[] {
  if (!isGiven(zone)) return [`${address}: its API server has no name in the network`]
  const isKnown = ![zone, location].some(value => String(value).includes('${'))
  return isKnown && !String(zone).endsWith(`/privatelink.${location}.azmk8s.io`)
    ? [`${address}: its zone must be that of its region, privatelink.${location}.azmk8s.io`]
    : []
}

/** Nobody would upgrade it, or Azure would at noon. */
function oldCluster({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_kubernetes_cluster') return []
  const channels = ['automatic_upgrade_channel', 'node_os_upgrade_channel']
  const windows = ['maintenance_window_auto_upgrade', 'maintenance_window_node_os']
  return [
    ...channels.filter(name => !isGiven(values[name])).map(name => `${address}: ${name} must say who upgrades it`),
    ...windows
      .filter(name => blocksOf(values, name).length === 0)
      .map(name => `${address}: ${name} must say when it is upgraded`),
  ]
}

/** Accounts that may sign in as the gateway. */
function strange({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_federated_identity_credential') return []
  const subject = String(values['subject'])
  return [
    ...(texts(values['audience']).join() === 'api://AzureADTokenExchange'
      ? []
      : [`${address}: the audience must be api://AzureADTokenExchange`]),
    ...(/^system:serviceaccount:[^:*]+:[^:*]+$/.test(subject.replaceAll(/\$\{[^}]*\}/g, 'x'))
      ? []
      : [`${address}: the subject must be one account of one namespace`]),
    ...(/^(?:\$\{azurerm_kubernetes_cluster\.|https:|made-up-)/.test(String(values['issuer']))
      ? []
      : [`${address}: its issuer must be the cluster`]),
  ]
}

/** A node that is replaced ends its replicas before their calls end. */
function late({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_kubernetes_cluster_node_pool') return []
  const [upgrade = {}] = blocksOf(values, 'upgrade_settings')
  const minutes = upgrade['drain_timeout_in_minutes']
  return isGiven(minutes) ? [] : [`${address}: drain_timeout_in_minutes must leave calls their time`]
}
