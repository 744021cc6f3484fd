/**
 * Writes `test/deploy/chart/kubernetes.json`, the published JSON Schemas of the kinds that the chart has:
 *   pip download --no-deps kubernetes-validate==1.37.0 && unzip kubernetes_validate-1.37.0-py3-none-any.whl
 *   node scripts/run.mjs scripts/kubernetes-schema.ts kubernetes_validate/kubernetes-json-schema/v1.36.0-local-strict
 * They are made from Kubernetes' own OpenAPI, and refuse fields that it does not have (Apache-2.0). Descriptions are
 * left out, and whatever the kinds of the chart do not need.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** By file: the kind. */
const kinds: Readonly<Record<string, string>> = {
  'configmap-v1': 'v1 ConfigMap',
  'horizontalpodautoscaler-autoscaling-v2': 'autoscaling/v2 HorizontalPodAutoscaler',
  'networkpolicy-networking-v1': 'networking.k8s.io/v1 NetworkPolicy',
  'poddisruptionbudget-policy-v1': 'policy/v1 PodDisruptionBudget',
  'secret-v1': 'v1 Secret',
  'service-v1': 'v1 Service',
  'serviceaccount-v1': 'v1 ServiceAccount',
  'statefulset-apps-v1': 'apps/v1 StatefulSet',
  'storageclass-storage-v1': 'storage.k8s.io/v1 StorageClass',
}

/** Keywords that are no use here: the schemas are held against one another by their names in `$defs`. */
const omitted: ReadonlySet<string> = new Set(['description', '$id', '$schema'])

type Schema = Readonly<Record<string, unknown>>

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  process.stderr.write('✗ usage  kubernetes-schema.ts DIRECTORY-OF-SCHEMAS\n')
  process.exit(2)
}
const read = (file: string): Schema => JSON.parse(readFileSync(join(directory, file), 'utf8')) as Schema
const definitions = read('_definitions.json')['$defs'] as Readonly<Record<string, Schema>>

const used: Record<string, unknown> = {}
const roots = Object.entries(kinds).map(([file, kind]) => [kind, shortened(read(`${file}.json`))] as const)
const schema = {
  version: /v([\d.]+)/.exec(basename(directory))?.[1],
  kinds: Object.fromEntries(roots),
  $defs: Object.fromEntries(Object.entries(used).sort(([one], [other]) => (one < other ? -1 : 1))),
}
const target = join(import.meta.dirname, '..', 'test', 'deploy', 'chart', 'kubernetes.json')
writeFileSync(target, `${JSON.stringify(schema)}\n`)

/** Without descriptions, and with what it refers to in `used`. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (omitted.has(key) && typeof inner === 'string') return []
    return [[key, key === '$ref' ? referred(String(inner)) : shortened(inner)]]
  })
  return Object.fromEntries(entries)
}

function referred(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  if (!(name in used)) {
    used[name] = null
    used[name] = shortened(definitions[name])
  }
  return `#/$defs/${name}`
}
