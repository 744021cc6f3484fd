import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { completionsOf, explanationOf, type SchemaView } from './completion.ts'
import { placeAt } from './yaml-place.ts'

const root = join(import.meta.dirname, '../../../../..')
const schema = JSON.parse(readFileSync(join(root, 'gatehouse.schema.json'), 'utf8')) as SchemaView

const base = `instances:
  east:
    endpoint: https://east.openai.azure.com
    deployments:
      gpt-4o: { model: gpt-4o }
  west: { endpoint: "https://west", deployments: { mini: { model: gpt-4o-mini } } }
pools:
  main:
    members:
      - { instance: east }
`

/** Labels that are offered at the mark `|`. */
function offered(marked: string): readonly string[] {
  const at = marked.indexOf('|')
  return completionsOf(schema, marked.replace('|', ''), at)?.options.map(({ label }) => label) ?? []
}

test('keys are offered at the top, in a section, in a named one, and in an entry of a list', () => {
  assert.ok(offered('|').includes('workloads'))
  assert.ok(offered(`${base}gate|`).includes('gateway'))
  assert.ok(offered('gateway:\n  list|').includes('listen'))
  assert.ok(offered('workloads:\n  hr-bot:\n    # who\n\n    cal|').includes('callers'))
  assert.ok(offered('workloads:\n  hr-bot:\n    callers:\n      - gro|').includes('group'))
  assert.ok(offered('workloads:\n  hr-bot:\n    callers:\n    - gro|').includes('group'))
  assert.ok(offered('pools:\n  main:\n    members:\n      - instance: a\n        pri|').includes('priority'))
  assert.ok(offered('pools: { main: { members: [{ ins|').includes('instance'))
  assert.ok(offered('workloads:\n  hr-bot: { limits: { tok|').includes('tokensPerMinute'))
})

test('words, truth values and names that the text defines are offered as values', () => {
  assert.deepEqual(offered('log:\n  level: |').slice(0, 5), ['debug', 'info', 'warn', 'error', 'silent'])
  assert.ok(offered('admin: { metricsWithoutToken: |').includes('true'))
  assert.deepEqual(offered(`${base}      - { instance: |`), ['east', 'west'])
  assert.deepEqual(offered(`${base}workloads:\n  a:\n    targets: [|`), ['main', 'east', 'west'])
  assert.deepEqual(offered(`${base}workloads:\n  a:\n    deployments: [gpt-4o, |`), ['gpt-4o', 'mini'])
  assert.deepEqual(offered(`${base}workloads:\n  a:\n    targets:\n      - |`), ['main', 'east', 'west'])
})

test('nothing is offered in a comment or where the schema has nothing', () => {
  assert.deepEqual(offered('# gate|'), [])
  assert.deepEqual(offered('log:\n  level: info # |'), [])
  assert.deepEqual(offered('nonsense:\n  |'), [])
})

test('a key is explained with its default and bounds', () => {
  const text = 'gateway:\n  timeouts: { total: 30m }\n'
  assert.match(explanationOf(schema, text, text.indexOf('total')) ?? '', /^gateway\.timeouts\.total .*default/)
  assert.match(explanationOf(schema, text, 2) ?? '', /The data plane/)
  assert.equal(explanationOf(schema, '# gateway', 4), null)
})

// It runs at each key that is pressed: whatever is written, it must answer, and replace nothing but what was typed.
test('any text has a place at any offset, and what is replaced ends there', () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    '#',
    '${',
    'instances:\n',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), fc.nat(), (parts, seed) => {
      const text = parts.join('')
      const at = text.length === 0 ? 0 : seed % (text.length + 1)
      const place = placeAt(text, at)
      if (place !== null) assert.equal(text.slice(place.from, at), place.typed)
      completionsOf(schema, text, at)
      explanationOf(schema, text, at)
    }),
  )
})
