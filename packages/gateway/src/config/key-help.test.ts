import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleOf } from './forms.ts'
import { configJsonSchema, type SchemaView } from './json-schema.ts'
import { keyHelp } from './key-help.ts'

function* leavesOf(view: SchemaView, path: string): Generator<readonly [path: string, view: SchemaView]> {
  const { properties = {}, additionalProperties, items, anyOf = [] } = view
  const entries = typeof additionalProperties === 'object' ? [additionalProperties] : []
  const inner = [...Object.entries(properties)]
  if (inner.length + entries.length + anyOf.length === 0 && items === undefined) yield [path, view]
  for (const [key, member] of inner) yield* leavesOf(member, `${path}.${key}`)
  for (const entry of entries) yield* leavesOf(entry, `${path}.NAME`)
  for (const form of anyOf) yield* leavesOf(form, path)
  if (items !== undefined) yield* leavesOf(items, `${path}[]`)
}

// A message that shows a form which is then refused is worse than none.
test('every value of the configuration has an example, and it fits', () => {
  for (const [path, view] of leavesOf(configJsonSchema(), '')) {
    const example = exampleOf(view)
    assert.notEqual(example, undefined, path)
    if (view.enum !== undefined) assert.ok(view.enum.includes(example), path)
    if (view.type === 'string') assert.equal(typeof example, 'string', path)
    if (typeof example === 'number') {
      assert.ok(example >= (view.minimum ?? example) && example <= (view.maximum ?? example), `${path} ${example}`)
    }
    const isInserted = typeof example === 'string' && example.includes('${')
    if (view.pattern !== undefined && !isInserted) assert.match(String(example), new RegExp(view.pattern), path)
  }
})

test('a path is understood with real names, NAME, and with or without brackets', () => {
  const spellings = [
    'workloads.NAME.callers[].group',
    'workloads.hr-bot.callers[0].group',
    'workloads.hr-bot.callers.group',
  ]
  for (const path of spellings) {
    const [help] = helpOf(path)
    assert.deepEqual([help?.path, help?.value], ['workloads.NAME.callers[].group', 'a GUID'], path)
  }
  const [quoted] = helpOf('instances["east"].deployments["gpt-4.1"].model')
  assert.equal(quoted?.path, 'instances.NAME.deployments.NAME.model')
})

test('a key without its path is found wherever it is', () => {
  const paths = helpOf('spillAtUtilization').map(({ path }) => path)
  assert.deepEqual(paths, ['pools.NAME.members[].spillAtUtilization'])
  assert.ok(helpOf('costPerMonth').length >= 4)
})

test('a path that leads nowhere says where it ends, and what is near', () => {
  assert.deepEqual(keyHelp('gateway.timeouts.conect'), {
    ...{ parent: 'gateway.timeouts', unknown: 'conect', nearest: 'connect' },
    known: Object.keys(configJsonSchema().properties?.['gateway']?.properties?.['timeouts']?.properties ?? {}),
  })
})

function helpOf(path: string) {
  const found = keyHelp(path)
  return 'unknown' in found ? assert.fail(`${path}: ${found.unknown}`) : found
}
