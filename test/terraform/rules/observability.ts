import { blocksOf, type Resource } from '../hcl.ts'
import type { ModuleRules } from './module-rules.ts'

export const observability: ModuleRules = {
  roles: ['Monitoring Metrics Publisher'],
  required: {
    azurerm_log_analytics_workspace: { local_authentication_enabled: false },
    azurerm_application_insights: { local_authentication_disabled: true, sampling_percentage: 100 },
    azurerm_monitor_private_link_scope: { ingestion_access_mode: 'PrivateOnly' },
  },
  reached: {
    azurerm_monitor_private_link_scope: { subresource: 'azuremonitor', zone: /\/privatelink\.monitor\.azure\.com$/ },
  },
  check: resource => [...mute(resource), ...emptySetting(resource)],
  /** An endpoint has addresses of what is in the scope when it is made. */
  waits: ({ type, values }) =>
    type === 'azurerm_private_endpoint' && JSON.stringify(values).includes('azurerm_monitor_private_link_scope.')
      ? ['azurerm_monitor_private_link_scoped_service']
      : [],
}

/** Alerts that nobody gets. */
function mute({ address, type, values }: Resource): readonly string[] {
  const isAlert = type === 'azurerm_monitor_scheduled_query_rules_alert_v2' || type === 'azurerm_monitor_metric_alert'
  if (!isAlert || blocksOf(values, 'action').length > 0) return []
  return [`${address}: nobody gets it`]
}

/** Settings that send nothing, or send it to nowhere. */
function emptySetting({ address, type, values }: Resource): readonly string[] {
  if (type !== 'azurerm_monitor_diagnostic_setting') return []
  const dynamic = JSON.stringify(values['dynamic'] ?? {})
  const sends = ['enabled_log', 'enabled_metric'].some(
    name => blocksOf(values, name).length > 0 || dynamic.includes(`"${name}"`),
  )
  return [
    ...(values['log_analytics_workspace_id'] ? [] : [`${address}: it must send to the workspace`]),
    ...(sends ? [] : [`${address}: it sends nothing`]),
  ]
}
