import type { Mistakes } from './mutation.ts'

const main = 'modules/observability/main.tf'
const privateLink = 'modules/observability/private-link.tf'
const alerts = 'modules/observability/alerts.tf'

/** Mistakes in the module `observability`. */
export const observability: Mistakes = {
  written: [
    {
      mistake: 'keys of the workspace are on',
      file: main,
      from: 'local_authentication_enabled = false',
      to: 'local_authentication_enabled = true',
      found: /local_authentication_enabled must be false/,
    },
    {
      mistake: 'whoever knows the key of Application Insights writes there',
      file: main,
      from: '  local_authentication_disabled = true\n',
      to: '',
      found: /local_authentication_disabled must be true, and is undefined/,
    },
    {
      mistake: 'telemetry of others reaches what is in the private link scope',
      file: privateLink,
      from: 'ingestion_access_mode = "PrivateOnly"',
      to: 'ingestion_access_mode = "Open"',
      found: /ingestion_access_mode must be PrivateOnly/,
    },
    {
      mistake: 'the private link scope has no endpoint',
      file: privateLink,
      from: 'private_connection_resource_id = azurerm_monitor_private_link_scope.this[0].id',
      to: 'private_connection_resource_id = azurerm_log_analytics_workspace.this.id',
      found: /azurerm_monitor_private_link_scope\.this: it has no private endpoint/,
    },
    {
      mistake: 'the endpoint is made before anything is in the scope',
      file: privateLink,
      from: '  depends_on = [azurerm_monitor_private_link_scoped_service.this]\n',
      to: '',
      found: /it must wait for azurerm_monitor_private_link_scoped_service/,
    },
    {
      mistake: 'nobody gets an alert',
      file: alerts,
      from: '  action {\n    action_groups = [azurerm_monitor_action_group.this.id]\n  }\n',
      to: '',
      found: /azurerm_monitor_scheduled_query_rules_alert_v2\.this: nobody gets it/,
    },
    {
      mistake: 'a diagnostic setting goes nowhere',
      file: main,
      from: '  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id\n',
      to: '',
      found: /it must send to the workspace/,
    },
    {
      mistake: 'an argument of an alert is misspelt',
      file: alerts,
      from: 'metric_measure_column   =',
      to: 'metric_measure_colum    =',
      found: /no argument metric_measure_colum/,
    },
    {
      mistake: 'an output shows the key of the workspace',
      file: 'modules/observability/outputs.tf',
      from: 'value       = azurerm_log_analytics_workspace.this.id',
      to: 'value       = azurerm_log_analytics_workspace.this.primary_shared_key',
      found: /the output workspace_id shows a secret/,
    },
  ],
  computed: [],
}
