/** Manifests of the chart, as Helm renders them, and values in them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const root = join(import.meta.dirname, '..', '..', '..')

/** The directory of the chart. */
export const chart = join(root, 'deploy', 'helm', 'gatehouse')

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly [key: string]: unknown
}

/** Sets of values, by name. Each has a file of values and one with what Helm made of it. */
export const valueSets = ['aks', 'minimal', 'plain', 'production'] as const

export function valuesFile(set: string): string {
  return join(import.meta.dirname, `${set}.values.yaml`)
}

export function renderedFile(set: string): string {
  return join(import.meta.dirname, `${set}.rendered.yaml`)
}

/** First lines of a rendered file: from what it was made. */
export function renderedHead(set: string, helm: string): string {
  return `# ${helm}: deploy/helm/gatehouse with ${set}.values.yaml, made by scripts/render-chart.ts\n# SHA-256 of both: ${digestOf(set)}\n`
}

/** Of the chart and a set of values: names and contents. No set has the alerts, whose copy `generate.ts` makes. */
export function digestOf(set: string): string {
  const digest = createHash('sha256')
  const files = globSync('**/*', { cwd: chart, withFileTypes: true }).filter(file => file.isFile())
  const paths = files.map(file => join(file.parentPath, file.name)).filter(path => !path.endsWith('/files/alerts.yaml'))
  for (const path of [...paths.sort(), valuesFile(set)]) {
    const content = readFileSync(path)
    digest.update(`${path.slice(root.length)} ${content.byteLength}\n`).update(content)
  }
  return digest.digest('hex')
}

/** @throws AssertionError when a document is no manifest, or has a key twice. */
export function readManifests(text: string): readonly Manifest[] {
  // Kubernetes reads YAML 1.1: there, 0440 is a number to the base 8 and yes is true.
  const documents = parseAllDocuments(text, { version: '1.1' })
  assert.ok(Array.isArray(documents))
  return documents.flatMap(document => {
    assert.deepEqual(document.errors, [])
    const manifest: unknown = document.toJS()
    return manifest === null ? [] : [manifestOf(manifest)]
  })
}

function manifestOf(value: unknown): Manifest {
  const [apiVersion, kind] = [at(value, 'apiVersion'), at(value, 'kind')]
  assert.ok(typeof value === 'object' && typeof apiVersion === 'string' && typeof kind === 'string')
  return { ...value, apiVersion, kind }
}

/** The value at a path of keys and positions; undefined where there is none. */
export function at(from: unknown, ...path: readonly (string | number)[]): unknown {
  let value: unknown = from
  for (const step of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined
  }
  return value
}

/** Elements of a list at a path; none where there is no list. */
export function listAt(from: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = at(from, ...path)
  return Array.isArray(value) ? value : []
}

export function textAt(from: unknown, ...path: readonly (string | number)[]): string {
  const value = at(from, ...path)
  return typeof value === 'string' ? value : ''
}

export function numberAt(from: unknown, ...path: readonly (string | number)[]): number {
  const value = at(from, ...path)
  return typeof value === 'number' ? value : Number.NaN
}

/** True when the labels have all that the selector asks for, and it asks for something. */
export function selects(selector: unknown, labels: unknown): boolean {
  const wanted = Object.entries(typeof selector === 'object' ? (selector ?? {}) : {})
  return wanted.length > 0 && wanted.every(([key, value]) => at(labels, key) === value)
}

/** gatehouse.yaml as the chart makes it. */
export function configText(manifests: readonly Manifest[]): string {
  const holders = manifests.filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret')
  const texts = holders.map(one => textAt(one, 'data', 'gatehouse.yaml') || textAt(one, 'stringData', 'gatehouse.yaml'))
  assert.equal(texts.length, 1)
  return texts[0] ?? ''
}
