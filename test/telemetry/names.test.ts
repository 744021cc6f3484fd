/** Names of metrics, labels and values in alerts and dashboards, against what running processes really expose. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { limitNames } from '../../packages/gateway/src/config/schema/index.ts'
import { refusals } from '../../packages/gateway/src/gateway/refusals.ts'
import { pageOf } from '../../scripts/grafana/preview/page.ts'
import { Prometheus } from '../../scripts/grafana/preview/prometheus.ts'
import { type Running, running } from '../support/file-world.ts'
import { eventually } from '../support/wait.ts'
import { type Exposed, startExposed } from './exposed.ts'
import { dashboardQueries, grafanaDashboards } from './grafana.ts'
import { type Named, namedIn } from './promql.ts'
import { alertRules } from './promtool.ts'

let exposed: Exposed & Running
before(async () => {
  exposed = await running(startExposed)
})
after(() => exposed.close())

// A slow call on a dashboard leads to its trace, and to its record in the ledger.
test('Prometheus has exemplars of the durations, each the trace of a call that is in the ledger', async () => {
  const traces = await eventually('Prometheus has an exemplar', async () => {
    const found = await exposed.exemplars('gatehouse_call_duration_seconds_bucket')
    return found.length > 0 ? found : null
  })
  for (const trace of traces) assert.equal(await exposed.isRecorded(trace), true, trace)
})

/** Values that no test provokes all of: from the tables that define them. */
const known: Readonly<Record<string, ReadonlySet<string>>> = {
  code: new Set([...Object.keys(refusals), '']),
  measure: new Set(limitNames),
  admitted: new Set(['true', 'false']),
  outcome: new Set(['completed', 'refused', 'failed', 'aborted', 'interrupted']),
}
/** Values of everybody's own. */
const free = new Set(['status', 'job'])

function unknownIn(expression: string): readonly string[] {
  return namedIn(expression).flatMap(named => unknownOf(named))
}

function unknownOf({ metric, labels, values }: Named): readonly string[] {
  const seen = exposed.metrics.get(metric)
  if (seen === undefined) return [metric]
  const lacking = labels.filter(label => !seen.has(label)).map(label => `${metric}{${label}}`)
  const strange = Object.entries(values).flatMap(([label, wanted]) => {
    const possible = known[label] ?? seen.get(label)
    return wanted
      .filter(value => !free.has(label) && possible?.has(value) === false)
      .map(value => `${metric}{${label}="${value}"}`)
  })
  return [...lacking, ...strange]
}

// An alert on a name that does not exist never fires.
test('every metric, label and value that an alert names is exposed', () => {
  for (const { alert, expr } of alertRules) assert.deepEqual(unknownIn(expr), [], alert)
})

test('Prometheus evaluates every alert over real metrics without an error', () => {
  const wanted = alertRules.map(({ alert }) => [alert, 'ok'])
  assert.deepEqual(Object.fromEntries(exposed.alerts), Object.fromEntries(wanted))
})

test('every metric, label and value that a dashboard names is exposed', () => {
  for (const { where, expression } of dashboardQueries) assert.deepEqual(unknownIn(expression), [], where)
})

/** Series of an expression. A rate has none until two scrapes have seen its counter. */
function drawn(where: string, expression: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const ask = async (): Promise<readonly Readonly<Record<string, string>>[] | null> => {
    const series = await exposed.query(expression)
    return series.length > 0 ? series : null
  }
  return eventually(`${where}: ${expression}`, ask)
}

test('every panel of the dashboards draws something over real metrics, with the labels of its legend', async () => {
  for (const { where, expression, legend } of dashboardQueries) {
    const series = await drawn(where, expression)
    for (const label of legend)
      assert.ok(
        series.some(one => label in one),
        `${where}: no label ${label}`,
      )
  }
})

// Whoever has no Grafana, or changes a dashboard, looks at these pages.
test('every panel of the dashboards is drawn as a page without Grafana', async () => {
  const hourMs = 3_600_000
  for (const dashboard of grafanaDashboards) {
    const page = await eventually(`${dashboard.title} has data in every panel`, async () => {
      const span = {
        ...{ fromMs: Date.now() - hourMs, toMs: Date.now() },
        variables: { $__rate_interval: '5m', $__range: '1h', $job: 'gatehouse.*' },
      }
      const drawn = await pageOf(dashboard, new Prometheus(exposed.url, span))
      return drawn.includes('No data') ? null : drawn
    })
    const panels = dashboard.panels.filter(({ type }) => type !== 'row')
    assert.equal(page.match(/<section /g)?.length, panels.length)
    assert.doesNotMatch(page, /NaN|undefined|<script/)
  }
})

test('a wrong metric, label or value is found', () => {
  const wrong = {
    'sum(gatehouse_calls)': 'gatehouse_calls',
    'sum by (instance, target) (gatehouse_calls_total)': 'gatehouse_calls_total{target}',
    'gatehouse_feed_up{stream="a"}': 'gatehouse_feed_up{stream}',
    'gatehouse_calls_total{code="budget_gone"}': 'gatehouse_calls_total{code="budget_gone"}',
    'gatehouse_backend_breaker{state=~"open|shut"}': 'gatehouse_backend_breaker{state="shut"}',
    'gatehouse_backend_breaker{instance="dev-openai-instance-1"}':
      'gatehouse_backend_breaker{instance="dev-openai-instance-1"}',
  }
  for (const [expression, finding] of Object.entries(wrong)) assert.deepEqual(unknownIn(expression), [finding])
})
