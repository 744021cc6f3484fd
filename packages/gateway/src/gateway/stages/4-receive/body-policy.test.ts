import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configSchema } from '../../../config/schema/index.ts'
import { openInstance } from '../../../instances/index.ts'
import { scanBody } from '../../../wire/body-scan.ts'
import { allOperations, type Operation } from '../../../wire/operations.ts'
import { buildPlan, type Workload } from '../../plan/index.ts'
import { Refusal } from '../../refusals.ts'
import { authorizeBody } from './body-policy.ts'
import { bodyShapes, shapeFor } from './shapes.ts'

const deployments = { 'gpt-4o': { model: 'gpt-4o' }, pictures: { model: 'gpt-image-1' }, secret: { model: 'o1' } }
const config = configSchema.parse({
  identity: { entra: { tenants: ['11111111-0000-4000-8000-000000000001'] } },
  instances: { one: { endpoint: 'http://127.0.0.1:9', credential: { key: 'a-key-that-is-long-enough' }, deployments } },
  workloads: {
    bot: {
      callers: [{ role: 'Bot' }],
      targets: ['one'],
      deployments: ['gpt-4o', 'pictures'],
      tools: ['function', 'image_generation', 'mcp'],
      outsideUrls: 'refuse',
    },
  },
})
const instances = new Map(
  Object.entries(config.instances).map(([name, one]) => [
    name,
    openInstance(name, one, config.gateway.timeouts, { clock: Date.now }),
  ]),
)
const workload = buildPlan(config, instances).workloads.get('bot') as Workload
const operation = allOperations.find(({ name }) => name === 'responses') as Operation
const shapes = bodyShapes(['model'])

/** @returns the deployments that a body names besides its own; null when the body is refused. */
function namesIn(text: string): readonly string[] | null {
  const bytes = Buffer.from(text)
  try {
    const scan = scanBody(bytes, shapeFor(shapes, operation, workload.policy))
    return authorizeBody(bytes, scan, operation, workload).map(({ name, start, end }) => {
      assert.equal(JSON.parse(bytes.toString('utf8', start, end)), name, 'its position is that of the name')
      return name
    })
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return null
  }
}

const naming = new Set(['model', 'deployment', 'deployment_name', 'deep_research_model'])
const callersOwn = new Set(['parameters', 'schema', 'properties', 'function', 'format', 'spec', 'headers'])

/** The names that a reader of the parsed document finds; null when one of them is no name. */
function namesOf(value: unknown): readonly string[] | null {
  if (typeof value !== 'object' || value === null) return []
  const found: string[] = []
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && callersOwn.has(key)) continue
    if (!Array.isArray(value) && naming.has(key) && inner !== null) {
      if (typeof inner !== 'string') return null
      found.push(inner)
      continue
    }
    const below = namesOf(inner)
    if (below === null) return null
    found.push(...below)
  }
  return found
}

const keys = fc.constantFrom(...naming, ...callersOwn, 'container', 'options', 'name', 'x')
const { inner } = fc.letrec<{ inner: unknown }>(tie => ({
  inner: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>('gpt-4o', 'pictures', 'secret', null, 7, 'https'),
    fc.array(tie('inner'), { maxLength: 3 }),
    fc.dictionary(keys, tie('inner'), { maxKeys: 4 }),
  ),
}))
const tool = fc
  .tuple(
    fc.dictionary(keys, inner, { maxKeys: 4 }),
    fc.constantFrom('function', 'image_generation', 'mcp'),
    fc.boolean(),
  )
  .map(([more, type, first]) => (first ? { type, ...more } : { ...more, type }))

// A position that is not inspected would let every caller use any deployment.
test('C1 every deployment that tools name is found at any depth, and a call that names a forbidden one is refused', () => {
  fc.assert(
    fc.property(fc.array(tool, { maxLength: 3 }), fc.array(tool, { maxLength: 2 }), (tools, found) => {
      const input = [
        { role: 'user', content: 'x', model: 'secret' },
        { type: 'tool_search_output', tools: found },
      ]
      const names = namesOf([...tools, ...found])
      const allowed = names?.every(name => workload.deployments.has(name)) ? names : null
      const seen = namesIn(JSON.stringify({ model: 'gpt-4o', tools, input }))
      assert.deepEqual(seen === null ? null : [...seen].sort(), allowed === null ? null : [...allowed].sort())
    }),
    { numRuns: 1_000 },
  )
})

const schemes = fc.constantFrom(
  'https://',
  'HTTP://',
  'ftp:',
  'file:///',
  '//',
  ' https://',
  '\thttps://',
  'gs://',
  'javascript:',
)
const places = fc.constantFrom('image_url', 'file_url', 'url', 'audio_url', 'video_url')

test('W1 where outside addresses are forbidden, none passes at any depth and in any spelling', () => {
  fc.assert(
    fc.property(schemes, places, fc.nat(5), fc.boolean(), (scheme, key, depth, escapes) => {
      const address = JSON.stringify(`${scheme}evil.example/x`)
      const text = escapes ? address.replace(/[a-z]/i, letter => `\\u00${letter.charCodeAt(0).toString(16)}`) : address
      const content = `${'[{"content":'.repeat(depth)}{"${key}":${text}}${'}]'.repeat(depth)}`
      assert.equal(namesIn(`{"model":"gpt-4o","input":[{"role":"user","content":${content}}]}`), null)
    }),
  )
  const data =
    '{"model":"gpt-4o","input":[{"content":[{"image_url":"data:image/png;base64,AA//"},{"file_id":"file-1"}]}]}'
  assert.deepEqual(namesIn(data), [])
  assert.deepEqual(namesIn('{"model":"gpt-4o","input":[{"content":[{"annotations":[{"url":"https://x"}]}]}]}'), [])
})
