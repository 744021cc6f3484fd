/**
 * deploy/helm/gatehouse as Helm rendered it: the files `*.rendered.yaml` beside this one, which `npm run interop`
 * compares with what Helm renders now. This test needs no Helm, and fails where the chart has changed since.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { findings } from './findings.ts'
import { chart, digestOf, renderedFile, valueSets } from './manifests.ts'
import { renderedMutations } from './mutations.ts'

const rendered = new Map<string, string>(valueSets.map(set => [set, readFileSync(renderedFile(set), 'utf8')]))

for (const [set, text] of rendered) {
  test(`the manifests of "${set}" are of this chart and these values, follow their schemas, and keep the rules`, async () => {
    assert.ok(text.includes(digestOf(set)), 'the chart has changed: node scripts/run.mjs scripts/render-chart.ts')
    assert.deepEqual(await findings(set, text), [])
  })
}

suite('a mistake in the manifests is found:', () => {
  for (const { mistake, set, from, to, found } of renderedMutations) {
    test(mistake, async () => {
      const text = rendered.get(set) ?? ''
      assert.ok(text.includes(from), `"${set}" has no ${from}`)
      const mutated = text.replace(from, () => to)
      assert.match((await findings(set, mutated)).join('\n'), found)
    })
  }
})

test('the chart has the version of the package', () => {
  const { version, appVersion } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as Record<string, string>
  const manifest = readFileSync(join(chart, '..', '..', '..', 'packages', 'gateway', 'package.json'), 'utf8')
  const { version: expected } = JSON.parse(manifest) as { version: string }
  assert.deepEqual([version, appVersion], [expected, expected])
})
