/** Dashboards in Grafana's JSON. */
import type { Dashboard, Panel, Query, State } from './panels.ts'

/** Grafana 10.1 and later read it, and bring it up to their own. */
const schemaVersion = 38
const panelHeight = 8
const figureHeight = 4
const datasource = { type: 'prometheus', uid: '${datasource}' }

/** The file's text. */
export function grafanaText({ name, title, rows }: Dashboard): string {
  const panels: object[] = []
  let y = 0
  let id = 0
  for (const row of rows) {
    id += 1
    panels.push({
      ...{ id, type: 'row', title: row.title, collapsed: false, panels: [] },
      gridPos: { x: 0, y, w: 24, h: 1 },
    })
    y += 1
    let x = 0
    let height = 0
    for (const panel of row.panels) {
      if (x + panel.width > 24) {
        x = 0
        y += height
      }
      id += 1
      height = panel.type === 'stat' ? figureHeight : panelHeight
      panels.push(panelOf(panel, id, { x, y, w: panel.width, h: height }))
      x += panel.width
    }
    y += height
  }
  return `${JSON.stringify(
    {
      ...{ uid: `gatehouse-${name}`, title, tags: ['gatehouse'], schemaVersion, version: 1, id: null },
      ...{ editable: true, graphTooltip: 1, timezone: 'browser', refresh: '1m', fiscalYearStartMonth: 0 },
      time: { from: 'now-6h', to: 'now' },
      timepicker: {},
      annotations: { list: [] },
      links: [
        {
          ...{ type: 'dashboards', title: 'Gatehouse', tags: ['gatehouse'], asDropdown: true, includeVars: true },
          ...{ keepTime: true, targetBlank: false, icon: 'external link', tooltip: '', url: '' },
        },
      ],
      templating: { list: variables },
      panels,
    },
    null,
    2,
  )}\n`
}

const jobs = 'label_values(gatehouse_info, job)'
const variables = [
  {
    ...{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', regex: '', hide: 0 },
    ...{ refresh: 1, multi: false, includeAll: false, options: [], current: {}, skipUrlSync: false },
  },
  {
    ...{ name: 'job', label: 'Job', type: 'query', datasource, definition: jobs, regex: '', hide: 0, sort: 1 },
    ...{ query: { query: jobs, refId: 'jobs' }, refresh: 2, options: [], skipUrlSync: false },
    ...{ multi: true, includeAll: true, current: { text: ['All'], value: ['$__all'] } },
  },
]

interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

function panelOf(panel: Panel, id: number, gridPos: Place): object {
  const { type, title, description, unit, thresholds, queries, states } = panel
  return {
    ...{ id, type, title, description, datasource, gridPos },
    targets: queries.map((query, at) => targetOf(query, at, panel)),
    fieldConfig: {
      defaults: {
        ...{ unit, min: unit === 'percentunit' && type !== 'timeseries' ? 0 : undefined },
        color: { mode: isColoured(panel) ? 'thresholds' : 'palette-classic' },
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: 'green', value: null },
            ...(thresholds === undefined
              ? []
              : [
                  { color: 'yellow', value: thresholds[0] },
                  { color: 'red', value: thresholds[1] },
                ]),
          ],
        },
        mappings: states === undefined ? [] : [mappingOf(states)],
        noValue: '-',
        custom: type === 'timeseries' ? drawing(panel) : {},
      },
      overrides: [],
    },
    options: options[type],
    transformations: type === 'table' ? [columnsOf(panel)] : [],
  }
}

function isColoured({ type, thresholds }: Panel): boolean {
  return type === 'state-timeline' || (thresholds !== undefined && type !== 'timeseries')
}

function mappingOf(states: readonly State[]): object {
  const options = states.map(({ value, text, color }, index) => [String(value), { text, color, index }] as const)
  return { type: 'value', options: Object.fromEntries(options) }
}

function targetOf({ expr, legend }: Query, at: number, { type }: Panel): object {
  const isNow = type === 'table' || type === 'bargauge'
  return {
    ...{ refId: String.fromCharCode(65 + at), datasource, expr, legendFormat: legend === '' ? '__auto' : legend },
    ...{ editorMode: 'code', instant: isNow, range: !isNow, format: type === 'table' ? 'table' : 'time_series' },
  }
}

/** A table shows the labels of an instant as columns. With the unit `none` the value says nothing, and is left out. */
function columnsOf({ unit, queries }: Panel): object {
  const excludeByName = { Time: true, ...(unit === 'none' ? { Value: true } : {}) }
  const [query] = queries
  const renameByName = query === undefined || unit === 'none' ? {} : { Value: query.legend }
  return { id: 'organize', options: { excludeByName, renameByName } }
}

function drawing({ stacked, thresholds }: Panel): object {
  return {
    ...{ drawStyle: 'line', lineWidth: 1, fillOpacity: stacked ? 30 : 5, showPoints: 'never', spanNulls: false },
    // Lines begin at 0: a small change of a large figure must not look like a fall.
    axisSoftMin: 0,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: thresholds === undefined ? 'off' : 'dashed' },
  }
}

const lastOnly = { calcs: ['lastNotNull'], fields: '', values: false }
const options = {
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  'state-timeline': {
    ...{ mergeValues: true, showValue: 'auto', alignValue: 'center', rowHeight: 0.8, perPage: 20 },
    legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
    tooltip: { mode: 'single', sort: 'none' },
  },
  stat: { reduceOptions: lastOnly, colorMode: 'value', graphMode: 'area', textMode: 'auto', justifyMode: 'auto' },
  bargauge: { reduceOptions: lastOnly, displayMode: 'basic', orientation: 'horizontal', showUnfilled: true },
  table: { showHeader: true, footer: { show: false, reducer: ['sum'], fields: '' } },
} as const
