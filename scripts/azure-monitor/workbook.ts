/**
 * deploy/terraform/modules/observability/workbook.json: a workbook of Azure Monitor over the telemetry in Log Analytics
 * and, where there is one, the ledger in Data Explorer. Terraform writes the cluster's name in place of CLUSTER.
 */
import { uuidOf } from '../stable-uuid.ts'

interface Chart {
  readonly title: string
  readonly query: string
  readonly visualization: 'timechart' | 'table' | 'barchart'
  readonly width: 50 | 100
}

const requests = 'AppRequests\n| where AppRoleName == "gatehouse"'
const dependencies = 'AppDependencies\n| where AppRoleName == "gatehouse"'
const workload = 'Workload = tostring(Properties["gatehouse.workload"])'
const code = 'Code = tostring(Properties["gatehouse.outcome_code"])'
const failed = 'tostring(Properties["gatehouse.outcome"]) in ("failed", "interrupted") or toint(ResultCode) >= 500'
const time = 'Time = bin(TimeGenerated, {TimeRange:grain})'

const telemetry: readonly Chart[] = [
  {
    title: 'Calls by workload',
    query: `${requests}\n| summarize Calls = sum(ItemCount) by ${time}, ${workload}`,
    ...{ visualization: 'timechart', width: 50 },
  },
  {
    title: 'Calls by status',
    query: `${requests}\n| summarize Calls = sum(ItemCount) by ${time}, Status = ResultCode`,
    ...{ visualization: 'timechart', width: 50 },
  },
  {
    title: 'Failed calls by workload, percent',
    query: `${requests}\n| summarize FailedPercent = 100.0 * sumif(ItemCount, ${failed}) / sum(ItemCount) by ${time}, ${workload}`,
    ...{ visualization: 'timechart', width: 50 },
  },
  {
    title: 'Duration by workload, 95th percentile, s',
    query: `${requests}\n| summarize Seconds = percentile(DurationMs, 95) / 1000 by ${time}, ${workload}`,
    ...{ visualization: 'timechart', width: 50 },
  },
  {
    title: 'Refusals and failures by code',
    query: `${requests}\n| extend ${code}\n| where isnotempty(Code)\n| summarize Calls = sum(ItemCount), Last = max(TimeGenerated) by Code, ${workload}, Status = ResultCode\n| order by Calls desc`,
    ...{ visualization: 'table', width: 50 },
  },
  {
    title: 'Tries by instance',
    query: `${dependencies} and isempty(tostring(Properties["gen_ai.operation.name"]))\n| summarize Tries = sum(ItemCount), FailedPercent = 100.0 * sumif(ItemCount, Success == false) / sum(ItemCount), Seconds95 = percentile(DurationMs, 95) / 1000 by Instance = Target\n| order by Tries desc`,
    ...{ visualization: 'table', width: 50 },
  },
  {
    title: 'Tokens by deployment',
    query: `${dependencies} and isnotempty(tostring(Properties["gen_ai.operation.name"]))\n| summarize Prompt = sum(tolong(Properties["gen_ai.usage.input_tokens"])), Completion = sum(tolong(Properties["gen_ai.usage.output_tokens"])) by Deployment = tostring(Properties["gen_ai.request.model"])\n| order by Prompt + Completion desc`,
    ...{ visualization: 'table', width: 50 },
  },
  {
    title: 'Slowest calls',
    query: `${requests}\n| top 20 by DurationMs desc\n| project TimeGenerated, Name, ${workload}, Status = ResultCode, Seconds = DurationMs / 1000, Request = tostring(Properties["gatehouse.request_id"])`,
    ...{ visualization: 'table', width: 50 },
  },
  {
    title: 'Messages in Event Hubs',
    query:
      'AzureMetrics\n| where ResourceProvider == "MICROSOFT.EVENTHUB" and MetricName in ("IncomingMessages", "OutgoingMessages", "ThrottledRequests")\n' +
      `| summarize Messages = sum(Total) by ${time}, MetricName`,
    ...{ visualization: 'timechart', width: 100 },
  },
]

const between = '({TimeRange:start}, {TimeRange:end})'

const ledger: readonly Chart[] = [
  {
    title: 'Cost per day, by workload and currency',
    query: `CostByDay${between}\n| summarize Cost = sum(Cost) by Day, Series = strcat(Workload, " ", Currency)`,
    ...{ visualization: 'timechart', width: 50 },
  },
  {
    title: 'Use of provisioned throughput',
    query: `PtuUtilisation${between}\n| project Minute, Series = strcat(Instance, " ", Deployment), Utilisation`,
    ...{ visualization: 'timechart', width: 50 },
  },
  {
    title: 'Usage by workload and caller',
    query: `UsageByWorkloadAndCaller${between}`,
    ...{ visualization: 'table', width: 100 },
  },
  {
    title: 'Calls with tokens and without a price',
    query: `CostByDay${between}\n| summarize UnpricedCalls = sum(UnpricedCalls) by Model\n| where UnpricedCalls > 0`,
    ...{ visualization: 'table', width: 50 },
  },
  {
    title: 'Errors',
    query: `Errors${between}`,
    ...{ visualization: 'table', width: 50 },
  },
  {
    title: 'Latency percentiles, ms',
    query: `LatencyPercentiles${between}`,
    ...{ visualization: 'table', width: 100 },
  },
]

/** The file's text. */
export function workbookText(): string {
  const workbook = {
    version: 'Notebook/1.0',
    items: [
      text(
        'head',
        '# Gatehouse\nCalls as the gateway tells Application Insights of them: what sampling leaves out is missing.',
      ),
      parameters(),
      ...telemetry.map(chart => item(chart, { name: `telemetry ${chart.title}`, query: chart.query, queryType: 0 })),
      text(
        'data-explorer head',
        '## Ledger\nEvery call, from Data Explorer. Its address is private: open this page inside the network.',
      ),
      ...ledger.map(chart =>
        item(chart, { name: `data-explorer ${chart.title}`, query: inDataExplorer(chart.query), queryType: 9 }),
      ),
    ],
    $schema: 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json',
  }
  return `${JSON.stringify(workbook, null, 2)}\n`
}

function text(name: string, json: string): object {
  return { type: 1, content: { json }, name }
}

function parameters(): object {
  const hours = (count: number) => ({ durationMs: count * 3_600_000 })
  return {
    type: 9,
    content: {
      version: 'KqlParameterItem/1.0',
      parameters: [
        {
          ...{ id: idOf('TimeRange'), version: 'KqlParameterItem/1.0', name: 'TimeRange', label: 'Time', type: 4 },
          ...{ isRequired: true, value: hours(24) },
          typeSettings: { selectableValues: [1, 4, 24, 72, 168, 720].map(hours), allowCustom: true },
        },
      ],
      ...{ style: 'pills', queryType: 0, resourceType: 'microsoft.operationalinsights/workspaces' },
    },
    name: 'parameters',
  }
}

interface Source {
  readonly name: string
  readonly query: string
  /** 0: Log Analytics; 9: Data Explorer. */
  readonly queryType: 0 | 9
}

function item({ title, visualization, width }: Chart, { name, query, queryType }: Source): object {
  return {
    type: 3,
    content: {
      ...{ version: 'KqlItem/1.0', query, size: 0, title, queryType, visualization },
      ...(queryType === 0
        ? { timeContextFromParameter: 'TimeRange', resourceType: 'microsoft.operationalinsights/workspaces' }
        : {}),
    },
    ...{ customWidth: String(width), name },
  }
}

function inDataExplorer(queryText: string): string {
  return JSON.stringify({
    ...{ version: 'AzureDataExplorerQuery/1.0', queryText, clusterName: 'CLUSTER', databaseName: 'gatehouse' },
  })
}

/** A UUID that stays the same from one generation to the next. */
function idOf(name: string): string {
  return uuidOf(`gatehouse workbook ${name}`)
}
