/** Queries of alerts and of the workbook, checked against the tables that they name and the spans that fill them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { refusals } from '../../packages/gateway/src/gateway/refusals.ts'
import { otlpSettings } from '../../packages/gateway/src/ledger/feeds/otlp/otlp.fixture.ts'
import { spansOf } from '../../packages/gateway/src/ledger/feeds/spans/spans.ts'
import { anyRecord } from '../../packages/gateway/src/ledger/fields.fixture.ts'
import { commands } from '../kusto/files.ts'
import { KustoDatabase } from '../kusto/service.ts'
import { alerts, chartsOf, metricAlerts } from './files.ts'
import { metrics, tables } from './tables.ts'

const logs = new KustoDatabase()
for (const table of tables) logs.make(table)
const ledger = new KustoDatabase()
for (const command of commands) ledger.make(command)

const logQueries = [
  ...alerts.map(({ name, query }) => ({ name, query })),
  ...chartsOf(0).map(({ title, query }) => ({ name: title, query })),
]

test('every alert has a query that is sound and returns what the alert compares', () => {
  assert.ok(alerts.length >= 7)
  for (const { name, query, measure, dimension } of alerts) {
    const { findings, columns } = logs.check(query)
    assert.deepEqual(findings, [], name)
    if (measure !== null) assert.match(columns.join(' '), new RegExp(`\\b${measure}:(?:long|real|int)\\b`), name)
    if (dimension !== null) assert.ok(columns.includes(`${dimension}:string`), name)
  }
})

test('every query of the workbook is sound, and a chart over time has a time and a number', () => {
  const charts = [
    ...chartsOf(0).map(chart => ({ ...chart, checked: logs.check(chart.query) })),
    ...chartsOf(9).map(chart => ({ ...chart, checked: ledger.check(chart.query) })),
  ]
  assert.ok(charts.length >= 14)
  for (const { title, visualization, checked } of charts) {
    assert.deepEqual(checked.findings, [], title)
    assert.ok(checked.columns.length > 0, title)
    if (visualization !== 'timechart') continue
    assert.match(checked.columns.join(' '), /:datetime\b/, title)
    assert.match(checked.columns.join(' '), /:(?:long|real)\b/, title)
  }
})

// A query for a property that no span has finds nothing, and its alert never fires.
test('a property that a query reads is on the spans that become rows of its table', () => {
  const names = { server: new Set<string>(), client: new Set<string>(), internal: new Set<string>() }
  for (const record of fc.sample(anyRecord(true), 500)) {
    for (const { kind, attributes } of spansOf(record, otlpSettings)) {
      for (const name of attributes.names) names[kind].add(name)
    }
  }
  const read = logQueries.flatMap(({ name, query }) => {
    const ofTable = query.startsWith('AppDependencies') ? names.client : names.server
    return [...query.matchAll(/Properties\["([^"]+)"\]/g)].map(([, property = '']) => ({ name, property, ofTable }))
  })
  assert.ok(read.length >= 15)
  assert.deepEqual(
    read.filter(({ property, ofTable }) => !ofTable.has(property)),
    [],
  )
})

test('a code that a query names is a refusal of the gateway', () => {
  const named = logQueries.flatMap(({ query }) => {
    const [, list = '', one = ''] = /Code in \(([^)]*)\)|outcome_code"\]\) == "(\w+)"/.exec(query) ?? []
    return one === '' ? [...list.matchAll(/"(\w+)"/g)].map(([, code = '']) => code) : [one]
  })
  assert.ok(named.length >= 8)
  assert.deepEqual(
    named.filter(code => !Object.hasOwn(refusals, code)),
    [],
  )
})

test('a metric that an alert or a query names exists', () => {
  const inQueries = logQueries.flatMap(({ query }) => {
    const provider = /ResourceProvider == "(MICROSOFT\.EVENTHUB)"/.exec(query)?.[1]
    const [, one, list = ''] = /MetricName (?:== "(\w+)"|in \(([^)]*)\))/.exec(query) ?? []
    const named = one === undefined ? [...list.matchAll(/"(\w+)"/g)].map(([, name = '']) => name) : [one]
    return provider === undefined ? [] : named.map((name): readonly [string, string] => [provider, name])
  })
  const named = [...metricAlerts, ...inQueries]
  assert.equal(metricAlerts.length, 3)
  assert.ok(named.length >= 6)
  assert.deepEqual(
    named.filter(([of, name]) => !metrics[of]?.includes(name)),
    [],
  )
})

test('a wrong column, table or function of a query is found', () => {
  const wrong = [
    ...['AppRequests | summarize sum(Count)', 'AppRequest | count', 'AppDependencies | where Succeeded'],
    ...['AzureMetrics | project Name', 'AppRequests | summarize percentyle(DurationMs, 95)'],
  ]
  for (const query of wrong) assert.notDeepEqual(logs.check(query).findings, [], query)
})
