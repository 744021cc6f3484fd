/**
 * Tables of Log Analytics and metrics of resources, as far as queries and alerts use them, from Microsoft's reference
 * ("Azure Monitor Logs reference", "Workspace-based resource changes", "Supported metrics").
 */
const all = '_ResourceId: string, ResourceGUID: string, TimeGenerated: datetime, Type: string'
const client =
  'ClientBrowser: string, ClientCity: string, ClientCountryOrRegion: string, ClientIP: string, ClientModel: string, ClientOS: string, ClientStateOrProvince: string, ClientType: string'
const item =
  'AppVersion: string, AppRoleInstance: string, AppRoleName: string, Properties: dynamic, Measurements: dynamic, IKey: string, ItemCount: int, OperationId: string, OperationName: string, ParentId: string, SDKVersion: string, SessionId: string, UserAccountId: string, UserAuthenticatedId: string, UserId: string'
const span = 'DurationMs: real, Id: string, Name: string, PerformanceBucket: string, ResultCode: string, Success: bool'

/** Commands that make the tables. */
export const tables: readonly string[] = [
  `.create-merge table AppRequests (${all}, ${client}, ${item}, ${span}, Source: string, Url: string)`,
  `.create-merge table AppDependencies (${all}, ${client}, ${item}, ${span}, Data: string, DependencyType: string, Target: string)`,
  `.create-merge table AzureMetrics (${all}, Average: real, Count: real, Maximum: real, MetricName: string, Minimum: real, Resource: string, ResourceGroup: string, ResourceId: string, ResourceProvider: string, SubscriptionId: string, TimeGrain: string, Total: real, UnitName: string)`,
  `.create-merge table AZKVAuditLogs (${all}, CallerIpAddress: string, CorrelationId: string, HttpStatusCode: int, Id: string, Identity: dynamic, OperationName: string, RequestUri: string, ResultSignature: string, ResultType: string)`,
  `.create-merge table AzureDiagnostics (${all}, Category: string, OperationName: string, Resource: string, ResourceGroup: string, ResourceId: string, ResourceProvider: string, ResourceType: string, ResultType: string)`,
]

/** Names of metrics by the namespace that an alert names, or the provider that the table AzureMetrics does. */
export const metrics: Readonly<Record<string, readonly string[]>> = {
  'MICROSOFT.EVENTHUB': [
    ...['SuccessfulRequests', 'ServerErrors', 'UserErrors', 'QuotaExceededErrors', 'ThrottledRequests'],
    ...['IncomingRequests', 'IncomingMessages', 'OutgoingMessages', 'IncomingBytes', 'OutgoingBytes'],
    ...['ActiveConnections', 'ConnectionsOpened', 'ConnectionsClosed', 'CaptureBacklog', 'CapturedMessages'],
  ],
  'Microsoft.ContainerService/managedClusters': [
    ...['cluster_autoscaler_cluster_safe_to_autoscale', 'cluster_autoscaler_scale_down_in_cooldown'],
    ...['cluster_autoscaler_unneeded_nodes_count', 'cluster_autoscaler_unschedulable_pods_count'],
    ...['kube_node_status_condition', 'kube_pod_status_phase', 'kube_pod_status_ready', 'node_disk_usage_percentage'],
  ],
  'Microsoft.Network/applicationGateways': [
    ...['BackendConnectTime', 'BackendResponseStatus', 'CapacityUnits', 'CurrentConnections', 'FailedRequests'],
    ...['HealthyHostCount', 'ResponseStatus', 'Throughput', 'TotalRequests', 'UnhealthyHostCount'],
  ],
  'Microsoft.Kusto/clusters': [
    ...['CacheUtilization', 'CPU', 'ExportUtilization', 'IngestionLatencyInSeconds', 'IngestionResult'],
    ...['IngestionUtilization', 'IngestionVolumeInMB', 'KeepAlive', 'QueryDuration'],
  ],
}
