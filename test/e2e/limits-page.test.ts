/** Runs docs/limits.md: the configuration, calls and answers that it shows. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { type ConfigInput, limitNames } from '../../packages/gateway/src/config/schema/index.ts'
import type { LimitsReport } from '../../packages/gateway/src/limits/index.ts'
import { send } from '../support/raw.ts'
import { errorOf } from '../support/refused.ts'
import { apiVersion, ask, startWorld } from '../support/world.ts'

const page = await readFile(new URL('../../docs/limits.md', import.meta.url), 'utf8')
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
const rows = [...page.matchAll(/^\| (alice|carol) \| (\S+) \| (\d+) \| (\d{3})(?: `(\w+)`)? \| (.*?) ?\|$/gm)].map(
  ([, who = '', workload = '', max = '', status = '', code = null, says = '']) => {
    return { who, workload, max: Number(max), status: Number(status), code, says }
  },
)

interface Written {
  readonly workloads: Readonly<Record<string, Pick<ConfigInput['workloads'][string], 'limits'>>>
  readonly limits: ConfigInput['limits']
}

// Estimates and the clock decide the figures; the page promises only the words around them.
function withoutFigures(text: string): string {
  return text.replace(/(?<=need |for |and |in |tokens \()\d+/g, '#').replace(/at \S+Z/, 'at #')
}

// A reader who copies the example must see what the page shows.
test('docs/limits.md: its example is a configuration, and its calls get the answers that it shows', async t => {
  const written = parseYaml(example) as Written
  const world = await startWorld(t, {
    change: config => ({
      ...config,
      limits: written.limits,
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => {
          const { limits: _own, ...others } = workload
          return [name, { ...others, ...written.workloads[name] }]
        }),
      ),
    }),
  })
  assert.ok(rows.length >= 7 && rows.some(row => row.code !== null))
  for (const { who, workload, max, status, code, says } of rows) {
    const answer = await send(world.url, {
      target: `/main/${workload}/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`,
      headers: [
        ['Authorization', `Bearer ${await world.token(who)}`],
        ['Content-Type', 'application/json'],
      ],
      body: JSON.stringify({ messages: ask('How do I apply for leave?'), max_tokens: max }),
    })
    assert.deepEqual([answer.status, answer.headers['x-gatehouse-refusal'] ?? null], [status, code], says)
    if (code !== null) assert.equal(withoutFigures(String(errorOf(answer).message)), withoutFigures(says))
  }
  const answer = await send(world.house.admin?.url ?? '', {
    target: '/api/v1/limits',
    headers: [['Authorization', `Bearer ${await world.token('carol')}`]],
  })
  const { rules } = JSON.parse(answer.body.toString()) as LimitsReport
  const watched = rules.filter(rule => rule.rule === 'limits.rules.per-person' && rule.refused > 0)
  assert.deepEqual(
    watched.map(rule => rule.refused),
    [1],
  )
})

test('docs/limits.md names every amount that can be limited', () => {
  for (const name of limitNames) assert.ok(page.includes(`\`${name}\``), name)
})
