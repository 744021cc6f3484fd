/** deploy/prometheus/alerts.yaml: promtool evaluates every alert over series that make it fire, and others. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { anchorsOf } from '../../scripts/references.ts'
import { type AlertCase, alertCases } from './alert-cases.ts'
import { type AlertRule, alertRules, alertsText, promtool, type Ran } from './promtool.ts'

const rules = new Map(alertRules.map(rule => [rule.alert, rule]))

/** What promtool expects of a case: all labels and texts, as the alert manager gets them. */
function expected({ alert, fires }: AlertCase): readonly object[] {
  const rule = rules.get(alert)
  assert.ok(rule, `there is no alert ${alert}`)
  if (fires === null) return []
  const { labels, value } = fires
  const say = (text: string): string =>
    text
      .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? `no label ${label}`)
      .replace(/\{\{ \$value[^}]*\}\}/g, value ?? 'no value')
  const exp_annotations = Object.fromEntries(Object.entries(rule.annotations).map(([name, text]) => [name, say(text)]))
  return [{ exp_labels: { ...labels, ...rule.labels }, exp_annotations }]
}

/** Only one rule: promtool evaluates all rules of a file in every minute of every case. */
async function evaluated(rule: AlertRule): Promise<Ran> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-alerts-'))
  const ruleFile = join(directory, 'rule.yaml')
  await writeFile(ruleFile, JSON.stringify({ groups: [{ name: rule.alert, rules: [rule] }] }))
  try {
    return await promtool(['test', 'rules'], {
      ...{ rule_files: [ruleFile], evaluation_interval: '1m' },
      tests: alertCases
        .filter(({ alert }) => alert === rule.alert)
        .map(one => ({
          interval: '1m',
          input_series: Object.entries(one.series).map(([series, values]) => ({ series, values })),
          alert_rule_test: [{ eval_time: one.at, alertname: one.alert, exp_alerts: expected(one) }],
        })),
    })
  } finally {
    await rm(directory, { recursive: true })
  }
}

test('every alert is sound, and has a case in which it fires and one in which it does not', async () => {
  const { status, text } = await promtool(['check', 'rules', '--lint=all', '--lint-fatal'], alertsText)
  assert.equal(status, 0, text)
  for (const fires of [true, false]) {
    const covered = new Set(alertCases.filter(one => (one.fires !== null) === fires).map(({ alert }) => alert))
    assert.deepEqual(
      [...rules.keys()].filter(name => !covered.has(name)),
      [],
      String(fires),
    )
  }
  assert.equal(rules.size, alertRules.length, 'no name twice')
})

test('every alert fires when it must, and only then, with its whole text', async () => {
  for (const rule of alertRules) {
    const { status, text } = await evaluated(rule)
    assert.equal(status, 0, text)
  }
})

// Otherwise the test before this one would pass whatever the rules say.
test('a rule with another threshold or text is found', async () => {
  const [rule] = alertRules
  assert.ok(rule)
  const { annotations } = rule
  for (const changed of [
    { ...rule, expr: `(${rule.expr}) > 1` },
    { ...rule, expr: rule.expr.replace('==', '>=') },
    { ...rule, for: '30h' },
    { ...rule, annotations: { ...annotations, summary: 'Something' } },
  ]) {
    assert.equal((await evaluated(changed)).status, 1)
  }
})

test('every runbook is a heading of docs/', async () => {
  for (const { alert, annotations } of alertRules) {
    const [page = '', heading] = annotations.runbook_url.split('#')
    const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8')
    assert.ok(heading !== undefined && anchorsOf(text).has(heading), `${alert}: ${annotations.runbook_url}`)
  }
})
