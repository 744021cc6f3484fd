/** deploy/kusto/dashboard.json: a dashboard to import, with a tile for each function. */
import { uuidOf } from '../stable-uuid.ts'

interface Tile {
  readonly title: string
  readonly query: string
  readonly visualType: 'table' | 'timechart'
  readonly width: 12 | 24
  readonly height: number
  readonly parameters: readonly string[]
}

const time = ['_startTime', '_endTime']
const inTime = (functionName: string, rest = ''): string => `${functionName}(_startTime, _endTime)${rest}`

const tiles: readonly Tile[] = [
  {
    title: 'Tokens per hour, by workload',
    query: inTime('Exchanges', '\n| summarize Tokens = sum(TotalTokens) by Hour = bin(StartedAt, 1h), Workload'),
    ...{ visualType: 'timechart', width: 12, height: 7, parameters: time },
  },
  {
    title: 'Cost per day, by workload and currency',
    query: inTime('CostByDay', '\n| summarize Cost = sum(Cost) by Day, Series = strcat(Workload, " ", Currency)'),
    ...{ visualType: 'timechart', width: 12, height: 7, parameters: time },
  },
  {
    title: 'Usage by workload and caller',
    query: inTime('UsageByWorkloadAndCaller'),
    ...{ visualType: 'table', width: 24, height: 8, parameters: time },
  },
  {
    title: 'Calls with tokens and without a price',
    query: inTime('CostByDay', '\n| summarize UnpricedCalls = sum(UnpricedCalls) by Model\n| where UnpricedCalls > 0'),
    ...{ visualType: 'table', width: 12, height: 6, parameters: time },
  },
  {
    title: 'Errors',
    query: inTime('Errors'),
    ...{ visualType: 'table', width: 12, height: 6, parameters: time },
  },
  {
    title: 'Latency percentiles, ms',
    query: inTime('LatencyPercentiles'),
    ...{ visualType: 'table', width: 24, height: 7, parameters: time },
  },
  {
    title: 'Use of provisioned throughput',
    query: inTime('PtuUtilisation', '\n| project Minute, Series = strcat(Instance, " ", Deployment), Utilisation'),
    ...{ visualType: 'timechart', width: 24, height: 7, parameters: time },
  },
  {
    title: 'Conversation',
    query: 'Conversation(_exchangeId)',
    ...{ visualType: 'table', width: 24, height: 7, parameters: ['_exchangeId'] },
  },
  {
    title: "The earlier system's columns",
    query: inTime('ApimLogBetween', '\n| take 100'),
    ...{ visualType: 'table', width: 24, height: 7, parameters: time },
  },
]

/** The file's text. */
export function dashboardText(): string {
  const page = idOf('page')
  const dataSource = idOf('data source')
  return `${JSON.stringify(
    {
      $schema: 'https://dataexplorer.azure.com/static/d/schema/20/dashboard.json',
      schema_version: '20',
      title: 'Gatehouse',
      autoRefresh: { enabled: true, defaultInterval: '15m', minInterval: '5m' },
      dataSources: [
        {
          ...{ id: dataSource, name: 'Gatehouse', kind: 'manual-kusto', scopeId: 'kusto' },
          // The import asks for the cluster; the database is the one of docs/data-explorer.md.
          ...{ clusterUri: 'https://CLUSTER.REGION.kusto.windows.net', database: 'gatehouse' },
        },
      ],
      pages: [{ name: 'Gatehouse', id: page }],
      parameters: parametersOf(page),
      tiles: tilesOf(page, dataSource),
    },
    null,
    2,
  )}\n`
}

function parametersOf(page: string): readonly object[] {
  const showOnPages = { kind: 'selection', pageIds: [page] }
  return [
    {
      ...{ kind: 'duration', id: idOf('time'), displayName: 'Time range', description: '' },
      ...{ beginVariableName: '_startTime', endVariableName: '_endTime' },
      defaultValue: { kind: 'dynamic', count: 7, unit: 'days' },
      showOnPages,
    },
    {
      ...{ kind: 'string', id: idOf('exchange id'), displayName: 'Exchange', description: 'Id of an exchange.' },
      ...{ variableName: '_exchangeId', selectionType: 'freetext' },
      defaultValue: { kind: 'value', value: '' },
      showOnPages,
    },
  ]
}

function tilesOf(pageId: string, dataSourceId: string): readonly object[] {
  let x = 0
  let y = 0
  let rowHeight = 0
  return tiles.map(({ title, query, visualType, width, height, parameters }) => {
    if (x + width > 24) {
      x = 0
      y += rowHeight
      rowHeight = 0
    }
    const layout = { x, y, width, height }
    x += width
    rowHeight = Math.max(rowHeight, height)
    return {
      ...{ id: idOf(`tile ${title}`), title, query, layout, pageId, visualType, dataSourceId },
      visualOptions: visualType === 'table' ? { table__enableRenderLinks: false } : chartOptions,
      usedParamVariables: parameters,
    }
  })
}

const infer = { type: 'infer' }
const chartOptions = {
  ...{ xColumn: infer, yColumns: infer, seriesColumns: infer, hideLegend: false, hideTileTitle: false },
  ...{ xColumnTitle: '', xAxisScale: 'linear', verticalLine: '', crossFilterDisabled: false },
  multipleYAxes: {
    base: {
      ...{ id: '-1', columns: [], label: '', yAxisMinimumValue: null, yAxisMaximumValue: null },
      ...{ yAxisScale: 'linear', horizontalLines: [] },
    },
    additional: [],
  },
}

/** A UUID that stays the same from one generation to the next, so that an import replaces what is there. */
function idOf(name: string): string {
  return uuidOf(`gatehouse dashboard ${name}`)
}
