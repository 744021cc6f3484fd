/**
 * deploy/compose.yaml against the JSON Schema of the Compose Specification, and the files that it mounts: those of
 * Prometheus by promtool, those of Grafana by what its documentation says of provisioning.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { z } from 'zod'
import { promtool } from '../telemetry/promtool.ts'

const deploy = join(import.meta.dirname, '..', '..', 'deploy')
const text = readFileSync(join(deploy, 'compose.yaml'), 'utf8')

interface Compose {
  readonly services: Readonly<Record<string, { readonly volumes?: readonly string[] }>>
}

const read = (written: string): Compose => parse(written, { merge: true }) as Compose

const linter = dirname(fileURLToPath(import.meta.resolve('dclint/package.json')))
const { $schema: _, ...schema }: { readonly $schema: string } = JSON.parse(
  readFileSync(join(linter, 'schemas', 'compose.schema.json'), 'utf8'),
)
// The schema names its draft, the 7th, by an address that ajv does not know.
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema)

test('compose.yaml is valid by the schema of the Compose Specification, and mistakes in it are not', () => {
  assert.ok(validate(read(text)), JSON.stringify(validate.errors))
  const mistakes: Readonly<Record<string, string>> = {
    'network_mode: service:simulator\n    depends_on: [simulator]\n    command:': 'network: simulator\n    command:',
    'stop_grace_period: 100s': 'stop_grace_period: [100s]',
    'restart: unless-stopped': 'restarts: unless-stopped',
    'condition: service_healthy': 'condition: healthy',
    'volumes: [redis:/data]': 'volumes: redis:/data',
  }
  for (const [from, to] of Object.entries(mistakes)) {
    assert.ok(text.includes(from), from)
    assert.ok(!validate(read(text.replace(from, to))), to)
  }
})

/** By place in a container: the file or directory of this repository. */
function mountsOf(service: string): ReadonlyMap<string, string> {
  const volumes = read(text).services[service]?.volumes ?? []
  const ours = volumes.map(volume => volume.split(':')).filter(([source = '']) => source.startsWith('./'))
  return new Map(ours.map(([source = '', place = '']) => [place, join(deploy, source)]))
}

test('everything that compose.yaml mounts from the repository is there, and only read', () => {
  for (const [name, { volumes = [] }] of Object.entries(read(text).services)) {
    for (const path of mountsOf(name).values()) assert.ok(existsSync(path), path)
    for (const volume of volumes) assert.ok(!volume.startsWith('./') || volume.endsWith(':ro'), volume)
  }
})

test("promtool accepts the configuration of the rehearsal's Prometheus, with the alerts where it looks for them", async t => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-prometheus-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const mounts = mountsOf('prometheus')
  for (const [place, source] of mounts) {
    mkdirSync(join(directory, dirname(place)), { recursive: true })
    writeFileSync(join(directory, place), readFileSync(source))
  }
  const config = readFileSync(join(directory, 'etc/prometheus/prometheus.yml'), 'utf8')
  const { rule_files: rules } = parse(config) as { rule_files: string[] }
  assert.deepEqual(
    rules.map(rule => mounts.has(`/etc/prometheus/${rule}`)),
    [true],
  )
  const here = config.replace('gatehouse-alerts.yaml', join(directory, 'etc/prometheus/gatehouse-alerts.yaml'))
  const { status, text: said } = await promtool(['check', 'config'], here)
  assert.equal(status, 0, said)
  assert.match(said, /SUCCESS: 1 rule files found/)
})

/** https://grafana.com/docs/grafana/latest/administration/provisioning/ */
const sources = z.strictObject({
  apiVersion: z.literal(1),
  datasources: z.tuple([
    z.strictObject({
      ...{ name: z.string(), uid: z.string(), type: z.literal('prometheus'), access: z.literal('proxy'), url: z.url() },
      ...{ isDefault: z.literal(true), editable: z.literal(false) },
      jsonData: z.strictObject({ httpMethod: z.literal('POST'), timeInterval: z.string() }),
    }),
  ]),
})
const providers = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.tuple([
    z.strictObject({
      ...{ name: z.string(), folder: z.string(), type: z.literal('file'), allowUiUpdates: z.literal(false) },
      options: z.strictObject({ path: z.string().startsWith('/') }),
    }),
  ]),
})

test("Grafana gets the rehearsal's Prometheus as its data source, and the five dashboards from their folder", () => {
  const mounts = mountsOf('grafana')
  const fileAt = (place: string): unknown => parse(readFileSync(mounts.get(place) ?? assert.fail(place), 'utf8'))
  const [source] = sources.parse(fileAt('/etc/grafana/provisioning/datasources/gatehouse.yaml')).datasources
  assert.equal(source.url, 'http://127.0.0.1:9090', 'where Prometheus listens in the network that they share')
  const [provider] = providers.parse(fileAt('/etc/grafana/provisioning/dashboards/gatehouse.yaml')).providers
  const folder = mounts.get(provider.options.path)
  assert.ok(folder !== undefined && statSync(folder).isDirectory(), 'the folder of the dashboards is mounted')
  for (const name of ['capacity', 'feeds', 'health', 'money', 'overview']) {
    assert.ok(existsSync(join(folder, `${name}.json`)), name)
  }
})
