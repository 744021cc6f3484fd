import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { parseConfig } from './load.ts'
import { changedBy } from './rules/rules.fixture.ts'
import { feed } from './schema/feeds/index.ts'

const examples = ['feeds.md', 'telemetry.md'].flatMap(name => {
  const page = readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')
  return [...page.matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, text = '']) => text)
})

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

/** A value of the right form for each variable that an example names. */
function environmentOf(text: string): NodeJS.ProcessEnv {
  const names = [...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => name)
  const key = Buffer.alloc(32, 'key').toString('base64')
  const connection = `Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=${key}`
  const exampleOf = (name: string): string => {
    if (name.includes('HOOK')) return `whsec_${key}`
    if (name.startsWith('APPLICATIONINSIGHTS')) return 'InstrumentationKey=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'
    return name.includes('CONNECTION') ? connection : key
  }
  return Object.fromEntries(names.map(name => [name, exampleOf(name)]))
}

// An example that the loader refuses is the first thing that a reader meets.
test('the examples of docs/feeds.md and docs/telemetry.md are configurations that load, and there is one for each kind', async () => {
  const kinds = new Set<string>()
  for (const text of examples) {
    const sections = parseYaml(text) as Readonly<Record<string, Readonly<Record<string, { readonly kind: string }>>>>
    assert.ok('feeds' in sections || 'telemetry' in sections, text)
    const parts = {
      path: '/c/gatehouse.yaml',
      env: environmentOf(text),
      readFile: async (file: string) => (file.endsWith('.pem') ? pem : 'a secret from a file'),
    }
    await parseConfig(changedBy(sections), parts)
    for (const { kind } of Object.values(sections['feeds'] ?? {})) kinds.add(kind)
  }
  const known = feed.options.map(({ shape }) => shape.kind.value)
  assert.deepEqual([...kinds].toSorted(), known.toSorted())
})
