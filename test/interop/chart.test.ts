/** deploy/helm/gatehouse with the real Helm. Its rendered manifests are checked in test/deploy/chart. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { parse } from 'yaml'
import { fetchHelm, helmVersion } from '../../scripts/helm/fetch.ts'
import { helm, type Ran, templateArguments } from '../../scripts/helm/render.ts'
import { findings } from '../deploy/chart/findings.ts'
import {
  at,
  chart,
  readManifests,
  renderedFile,
  renderedHead,
  valueSets,
  valuesFile,
} from '../deploy/chart/manifests.ts'
import { templateMutations } from '../deploy/chart/mutations.ts'
import { brokenRules } from '../deploy/chart/rules.ts'
import { wrongFields } from '../deploy/chart/schemas.ts'
import { alertsText } from '../telemetry/promtool.ts'

const program = fetchHelm()
const home = mkdtempSync(join(tmpdir(), 'gatehouse-helm-'))
after(() => rmSync(home, { recursive: true }))
const run = (...args: readonly string[]): Ran => helm(program, home, args)

for (const set of valueSets) {
  test(`${helmVersion} renders "${set}" as the file that npm test checks`, () => {
    const { status, stdout, stderr } = run(...templateArguments(chart, set, valuesFile(set)))
    assert.equal(status, 0, stderr)
    assert.equal(renderedHead(set, helmVersion) + stdout, readFileSync(renderedFile(set), 'utf8'))
  })

  test(`${helmVersion} finds nothing to say about the chart with "${set}"`, () => {
    const { status, stdout, stderr } = run('lint', '--strict', '--values', valuesFile(set), chart)
    assert.equal(status, 0, stdout + stderr)
  })
}

suite('a mistake in the templates is found in what Helm renders:', () => {
  for (const { mistake, set, file, from, to, found } of templateMutations) {
    test(mistake, async () => {
      const copy = join(mkdtempSync(join(home, 'chart-')), 'gatehouse')
      cpSync(chart, copy, { recursive: true })
      const text = readFileSync(join(copy, file), 'utf8')
      assert.ok(text.includes(from), `${file} has no ${from}`)
      writeFileSync(
        join(copy, file),
        text.replace(from, () => to),
      )
      const { status, stdout, stderr } = run(...templateArguments(copy, set, valuesFile(set)))
      const said = status === 0 ? (await findings(set, stdout)).join('\n') : stderr
      assert.match(said, found)
    })
  }
})

/** Values that nobody should install, by what is wrong with them, and what Helm says. */
const refused: Readonly<Record<string, readonly [values: object, says: RegExp]>> = {
  'an image without a place': [{ image: { repository: '' } }, /image\.repository is missing/],
  'a value that does not exist': [{ replicaCount: 3 }, /replicaCount/],
  'a digest of another form': [{ image: { digest: 'sha256:abc' } }, /digest/],
  'no identity': [{ config: { identity: null } }, /config\.identity is missing/],
  'several replicas without Redis': [{ replicas: 2 }, /config\.redis is missing/],
  'scaling without Redis': [{ autoscaling: { enabled: true } }, /config\.redis is missing/],
  'an address of its own': [
    { config: { gateway: { listen: '0.0.0.0:80' } } },
    /config\.gateway\.listen is what the chart sets/,
  ],
  'a ledger elsewhere': [
    { config: { ledger: { directory: '/tmp' } } },
    /config\.ledger\.directory is what the chart sets/,
  ],
  'a grace of its own': [{ config: { gateway: { timeouts: { shutdownGrace: '5m' } } } }, /set shutdownGraceSeconds/],
  'no grace': [{ shutdownGraceSeconds: 0 }, /shutdownGraceSeconds/],
  'a disk that several nodes have': [{ journal: { accessMode: 'ReadWriteMany' } }, /accessMode/],
  'no network to go to': [{ networkPolicy: { egress: [] } }, /egress/],
}

suite('the chart refuses, and says what to do about:', () => {
  for (const [what, [values, says]] of Object.entries(refused)) {
    test(what, () => {
      const file = join(mkdtempSync(join(home, 'values-')), 'values.yaml')
      writeFileSync(file, JSON.stringify(values))
      const { status, stderr } = run(...templateArguments(chart, 'minimal', valuesFile('minimal')), '--values', file)
      assert.notEqual(status, 0)
      assert.match(stderr, says)
    })
  }
})

test('the alerts of the chart are those of deploy/prometheus, in a rule that the Prometheus Operator takes', () => {
  const arguments_ = templateArguments(chart, 'production', valuesFile('production'))
  const shown = ['--set', 'prometheusRule.enabled=true', '--show-only', 'templates/monitoring.yaml']
  const { status, stdout, stderr } = run(...arguments_, ...shown)
  assert.equal(status, 0, stderr)
  const manifests = readManifests(stdout)
  assert.deepEqual(manifests.flatMap(wrongFields), [])
  const [rule] = manifests.filter(({ kind }) => kind === 'PrometheusRule')
  assert.deepEqual(at(rule, 'spec'), parse(alertsText))
})

test('the values in docs/deploy.md render, and the checks find nothing in the manifests', () => {
  const page = readFileSync(join(chart, '..', '..', '..', 'docs', 'deploy.md'), 'utf8')
  const [, block = ''] = /^```yaml\n(# values\.yaml\n[\s\S]*?)^```/m.exec(page) ?? []
  const values = join(home, 'page.yaml')
  writeFileSync(values, block.replace('sha256:...', `sha256:${'0'.repeat(64)}`))
  const { status, stdout, stderr } = run(...templateArguments(chart, 'gatehouse', values))
  assert.equal(status, 0, stderr)
  const manifests = readManifests(stdout)
  assert.ok(manifests.length >= 7)
  assert.deepEqual([...manifests.flatMap(wrongFields), ...brokenRules(manifests)], [])
})

test('a packed chart renders the same, and without Redis its notes say what replicas do not share', () => {
  const packed = run('package', chart, '--destination', home)
  assert.equal(packed.status, 0, packed.stderr)
  const archive = join(home, 'gatehouse-0.1.0.tgz')
  for (const set of valueSets) {
    const { stdout } = run(...templateArguments(archive, set, valuesFile(set)))
    assert.equal(renderedHead(set, helmVersion) + stdout, readFileSync(renderedFile(set), 'utf8'))
  }
  const notes = run(
    'install',
    'trial',
    archive,
    '--dry-run=client',
    '--namespace',
    'gateways',
    '--values',
    valuesFile('minimal'),
  )
  assert.equal(notes.status, 0, notes.stderr)
  assert.match(notes.stdout, /kubectl -n gateways port-forward trial-gatehouse-0 8081:8081/)
  assert.match(notes.stdout, /There is no config\.redis/)
})
