/** deploy/grafana: the form. `names.test.ts` holds the queries against real metrics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dashboardQueries, grafanaDashboards } from './grafana.ts'
import { alertRules, promtool } from './promtool.ts'

test('the dashboards have the form that Grafana demands, and names of their own', () => {
  assert.equal(grafanaDashboards.length, 5)
  assert.equal(new Set(grafanaDashboards.map(({ uid }) => uid)).size, 5)
  for (const { title, panels, templating } of grafanaDashboards) {
    assert.deepEqual(
      templating.list.map(({ name }) => name),
      ['datasource', 'job'],
      title,
    )
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, title)
  }
})

test('no two panels overlap, and none is wider than the page', () => {
  for (const { title, panels } of grafanaDashboards) {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24, title)
      return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`)
    })
    assert.equal(new Set(cells).size, cells.length, title)
  }
})

// A budget that has an alert and no bar cannot be watched.
test('the dashboard shows the budgets that have an alert', () => {
  const measures = (expression = ''): string | undefined => /measure=~"([^"]*)"/.exec(expression)?.[1]
  const alert = alertRules.find(rule => rule.alert === 'GatehouseBudgetNearlySpent')
  const shown = dashboardQueries.find(({ where }) => where.includes('Budgets'))
  assert.ok(measures(alert?.expr))
  assert.equal(measures(shown?.expression), measures(alert?.expr))
})

test('promtool parses every query of the dashboards', async () => {
  assert.ok(dashboardQueries.length > 75)
  const rules = dashboardQueries.map(({ expression }, at) => ({ record: `query:${at}`, expr: expression }))
  const { status, text } = await promtool(['check', 'rules'], { groups: [{ name: 'dashboards', rules }] })
  assert.equal(status, 0, text)
})

test('promtool finds a query that is not sound', async () => {
  const rules = [{ record: 'query:0', expr: 'sum by (job) (rate(gatehouse_calls_total))' }]
  const { status, text } = await promtool(['check', 'rules'], { groups: [{ name: 'dashboards', rules }] })
  assert.notEqual(status, 0)
  assert.match(text, /expected type range vector/)
})
