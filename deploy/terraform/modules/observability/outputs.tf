output "workspace_id" {
  description = "The Log Analytics workspace, for logs of what runs the gateway."
  value       = azurerm_log_analytics_workspace.this.id
}

output "insights_id" {
  description = "Application Insights, for the role that writes there."
  value       = azurerm_application_insights.this.id
}

# It says where to send telemetry, and opens nothing: keys are off, the writer needs a role.
output "insights_address" {
  description = "Connection string of Application Insights, for the gateway's feed. It opens nothing without a role."
  value       = nonsensitive(azurerm_application_insights.this.connection_string)

  depends_on = [azurerm_private_endpoint.this]
}

output "action_group_id" {
  description = "Action group, for further alerts."
  value       = azurerm_monitor_action_group.this.id
}
